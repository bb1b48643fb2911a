#!/bin/bash
# What the workflow puts into a manylinux container before it builds there: compilers, packers, the
# libraries of Qt, and a Python with a shared library, which a bundle needs and the container's own
# have not. uv knows the sum of each Python that it fetches; its own is given here.
#
# Wants BUNDLED_PYTHON, RUNNER_TEMP and GITHUB_PATH.
set -euo pipefail

dnf install -y epel-release
dnf install -y --enablerepo=crb \
    clang dpkg rpm-build xz binutils desktop-file-utils file \
    glslc spirv-headers-devel vulkan-headers vulkan-loader-devel \
    libxkbcommon-x11 xcb-util-cursor xcb-util-image xcb-util-keysyms xcb-util-renderutil \
    xcb-util-wm mesa-libGL mesa-libEGL fontconfig dbus-libs enchant2

wanted="uv==0.13.9 --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19"
printf '%s\n' "$wanted" > "$RUNNER_TEMP/uv.txt"
/opt/python/cp313-cp313/bin/python -m pip install --require-hashes --no-deps \
    -r "$RUNNER_TEMP/uv.txt" --target "$RUNNER_TEMP/uv"
export UV_PYTHON_INSTALL_DIR="$RUNNER_TEMP/pythons"
uv="$RUNNER_TEMP/uv/bin/uv"
"$uv" python install --no-bin "$BUNDLED_PYTHON"
python="$("$uv" python find --managed-python "$BUNDLED_PYTHON")"
dirname "$python" >> "$GITHUB_PATH"
