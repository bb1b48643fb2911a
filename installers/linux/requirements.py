"""Which packages of a distribution hold the libraries that a bundle needs.

Pure. What is not in the table stops the build: a library that nobody asked for has come along.
"""

from collections.abc import Mapping, Sequence

from installers.dev.console import StepFailed
from installers.linux.needs import Needs

# The C library; all of it is one package.
_GLIBC = frozenset(
    {
        "ld-linux-aarch64.so.1",
        "ld-linux-x86-64.so.2",
        "libc.so.6",
        "libdl.so.2",
        "libm.so.6",
        "libpthread.so.0",
        "libresolv.so.2",
        "librt.so.1",
        "libutil.so.1",
    }
)
# Loaded by name where it is there; without it the processor computes.
_OPTIONAL = frozenset({"libvulkan.so.1"})
# Names of Debian and, behind the bar, those that it and Ubuntu gave when time grew to 64 bits.
_DEBIAN: Mapping[str, str] = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libbz2.so.1.0": "libbz2-1.0",
    "libcrypt.so.1": "libcrypt1",
    "libcrypto.so.3": "libssl3 | libssl3t64",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdrm.so.2": "libdrm2",
    "libexpat.so.1": "libexpat1",
    "libffi.so.8": "libffi8",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libgcc_s.so.1": "libgcc-s1",
    "libgio-2.0.so.0": "libglib2.0-0 | libglib2.0-0t64",
    "libglib-2.0.so.0": "libglib2.0-0 | libglib2.0-0t64",
    "libgobject-2.0.so.0": "libglib2.0-0 | libglib2.0-0t64",
    "libgomp.so.1": "libgomp1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0 | libglib2.0-0t64",
    "liblzma.so.5": "liblzma5",
    "libncursesw.so.6": "libncursesw6",
    "libpng16.so.16": "libpng16-16 | libpng16-16t64",
    "libreadline.so.8": "libreadline8 | libreadline8t64",
    "libsqlite3.so.0": "libsqlite3-0",
    "libssl.so.3": "libssl3 | libssl3t64",
    "libtinfo.so.6": "libtinfo6",
    "libuuid.so.1": "libuuid1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
# The release of GCC whose C++ library first had a version of symbols.
_GCC = {
    "3.4.28": "9.3",
    "3.4.29": "11",
    "3.4.30": "12",
    "3.4.31": "13.1",
    "3.4.32": "13.2",
    "3.4.33": "14",
    "3.4.34": "15",
}
_CXX = "libstdc++.so.6"


def debian(needs: Needs) -> list[str]:
    """Return what the field Depends lists; raises StepFailed for a library that is in no table."""
    found = {f"libc6 (>= {needs.glibc})"}
    for name in _named(needs):
        if name == _CXX:
            found.add(f"libstdc++6 (>= {_GCC[needs.newest(_CXX, 'GLIBCXX')]})")
        else:
            found.add(_DEBIAN[name])
    return sorted(found)


def rpm(needs: Needs) -> list[str]:
    """Return what the tags Requires name: libraries themselves, which every distribution provides.

    Raises StepFailed as above.
    """
    found = {f"libc.so.6(GLIBC_{needs.glibc})(64bit)"}
    for name in _named(needs):
        found.add(f"{name}()(64bit)")
        if name == _CXX:
            found.add(f"{name}(GLIBCXX_{needs.newest(name, 'GLIBCXX')})(64bit)")
    return sorted(found)


def _named(needs: Needs) -> Sequence[str]:
    names = [name for name in needs.libraries if name not in _GLIBC | _OPTIONAL]
    unknown = [name for name in names if name not in _DEBIAN and name != _CXX]
    if unknown:
        raise StepFailed(
            f"The bundle needs libraries that no package is known for: {', '.join(unknown)}. "
            "Bundle them, or name their packages in installers/linux/requirements.py."
        )
    return names
