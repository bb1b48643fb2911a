#!/bin/sh
# Puts Lapis into the home of this account, or takes it away again. Needs no root, and touches no
# chats, models or settings. Lapis also runs in place, from the folder that this script lies in.
set -eu

id=io.github.lapis_assistant.Lapis
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
data=${XDG_DATA_HOME:-$HOME/.local/share}
config=${XDG_CONFIG_HOME:-$HOME/.config}
app=$data/lapis-app
bin=$HOME/.local/bin
entry=$data/applications/$id.desktop
type=$data/mime/packages/$id.xml
login=$config/autostart/$id.desktop

# say ENGLISH CHINESE
say() {
    case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in
        zh*) printf '%s\n' "$2" ;;
        *) printf '%s\n' "$1" ;;
    esac
}

# As a value in a desktop file, and as a word in quotes of its key Exec.
as_value() { printf '%s' "$1" | sed 's/\\/\\\\/g'; }
as_word() { as_value "$(printf '%s' "$1" | sed 's/[\\"`$]/\\&/g; s/%/%%/g')"; }

# Every file that this script makes outside of its folder and the links in ~/.local/bin.
each_shared() {
    printf '%s\n' \
        "icons/hicolor/scalable/apps/$id.svg" \
        man/man1/lapis.1.gz man/man1/lapis-gui.1.gz \
        man/zh_CN/man1/lapis.1.gz man/zh_CN/man1/lapis-gui.1.gz
}

renew_caches() {
    if [ -d "$data/mime/packages" ] && command -v update-mime-database >/dev/null; then
        update-mime-database "$data/mime" 2>/dev/null || true
    fi
    if [ -d "$data/applications" ] && command -v update-desktop-database >/dev/null; then
        update-desktop-database "$data/applications" 2>/dev/null || true
    fi
}

end_running() {
    if [ -x "$app/lapis" ]; then
        "$app/lapis" --quit </dev/null >/dev/null 2>&1 || true
    fi
}

install_lapis() {
    mkdir -p "$data" "$bin"
    if [ "$here" != "$app" ]; then
        end_running
        rm -rf "$app.new"
        mkdir "$app.new"
        cp -R -P -p "$here/." "$app.new/"
        rm -rf "$app"
        mv "$app.new" "$app"
    fi
    each_shared | while IFS= read -r file; do
        mkdir -p "$data/$(dirname "$file")"
        cp "$app/share/$file" "$data/$file"
    done
    mkdir -p "$data/applications" "$data/mime/packages"
    cp "$app/share/mime/packages/$id.xml" "$type"
    while IFS= read -r line; do
        case $line in
            TryExec=*) printf 'TryExec=%s\n' "$(as_value "$app/lapis-gui")" ;;
            Exec=lapis-gui*)
                printf 'Exec="%s"%s\n' "$(as_word "$app/lapis-gui")" "${line#Exec=lapis-gui}" ;;
            *) printf '%s\n' "$line" ;;
        esac
    done <"$app/share/applications/$id.desktop" >"$entry"
    for name in lapis lapis-gui; do
        if [ -e "$bin/$name" ] && [ ! -L "$bin/$name" ]; then
            say "$bin/$name is not ours and stays as it is." "$bin/$name 不属于 Lapis，保持原样。"
        else
            ln -sf "$app/$name" "$bin/$name"
        fi
    done
    renew_caches
    say "Lapis is installed in $app." "Lapis 已安装到 $app。"
    case ":$PATH:" in
        *":$bin:"*) ;;
        *) say "For the command lapis, put $bin on your PATH." "要使用 lapis 命令，请把 $bin 加入 PATH。" ;;
    esac
}

uninstall_lapis() {
    end_running
    for name in lapis lapis-gui; do
        if [ "$(readlink "$bin/$name" 2>/dev/null)" = "$app/$name" ]; then
            rm "$bin/$name"
        fi
    done
    # What starts Lapis with the session, if it is this one.
    if [ -f "$login" ] && grep -qF -e "$bin/lapis" -e "$app/" "$login"; then
        rm "$login"
    fi
    each_shared | while IFS= read -r file; do
        rm -f "$data/$file"
    done
    rm -f "$entry" "$type"
    rm -rf "$app" "$app.new"
    renew_caches
    # Caches of nothing, and folders that held our files alone.
    if [ -d "$data/mime/packages" ] && [ -z "$(ls -A "$data/mime/packages")" ]; then
        rm -rf "$data/mime"
    fi
    if [ "$(ls -A "$data/applications" 2>/dev/null)" = mimeinfo.cache ]; then
        rm "$data/applications/mimeinfo.cache"
    fi
    for folder in applications icons/hicolor/scalable/apps icons/hicolor/scalable icons/hicolor icons \
        man/zh_CN/man1 man/zh_CN man/man1 man; do
        rmdir "$data/$folder" 2>/dev/null || true
    done
    rmdir "$bin" "$config/autostart" 2>/dev/null || true
    say "Lapis is removed. Chats, models and settings are still in $data/lapis and $config/lapis." \
        "Lapis 已移除。聊天、模型和设置仍在 $data/lapis 和 $config/lapis 中。"
}

case "${1:-}" in
    "") install_lapis ;;
    --uninstall) uninstall_lapis ;;
    *)
        say "Usage: install.sh [--uninstall]" "用法：install.sh [--uninstall]"
        [ "$1" = --help ] || exit 2
        ;;
esac
