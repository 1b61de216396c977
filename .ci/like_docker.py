"""Runs a command as user UID under what Docker's default seccomp rule means to browsers: no new namespaces.

Usage: like_docker.py UID COMMAND... Linux on x86-64 and arm64; the rule is moby/profiles' seccomp/default.json.
"""

import ctypes
import errno
import os
import platform
import shutil
import struct
import sys

CLONE, UNSHARE = {"x86_64": (56, 272), "aarch64": (220, 97)}[platform.machine()]
CLONE3 = 435
NAMESPACES = 0x7E020000  # every CLONE_NEW… flag
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO, with the error in its low half
LOAD, EQUALS, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06  # BPF_LD|ABS, BPF_JMP|JEQ, BPF_JMP|JSET, BPF_RET
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38

# Each row: operation, rows to skip when true, when false, operand.
PROGRAM = [
    (LOAD, 0, 0, 0),  # the number of the call
    (EQUALS, 5, 0, CLONE3),
    (EQUALS, 5, 0, UNSHARE),
    (EQUALS, 0, 2, CLONE),
    (LOAD, 0, 0, 16),  # its first argument
    (ANY_BIT, 2, 0, NAMESPACES),
    (RETURN, 0, 0, ALLOW),
    (RETURN, 0, 0, REFUSE | errno.ENOSYS),  # so that callers fall back to clone
    (RETURN, 0, 0, REFUSE | errno.EPERM),
]


class Filter(ctypes.Structure):
    """The kernel's struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


def main() -> None:
    """Give up what is too much, and become the command."""
    user, command = int(sys.argv[1]), sys.argv[2:]
    found = shutil.which(command[0]) or sys.exit(f"there is no {command[0]}")
    libc = ctypes.CDLL(None, use_errno=True)
    program = Filter(len(PROGRAM), b"".join(struct.pack("HBBI", *row) for row in PROGRAM))
    for call in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)):
        if libc.prctl(*call):
            sys.exit(f"the rule for system calls cannot be set: {os.strerror(ctypes.get_errno())}")
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    os.execv(found, command)  # noqa: S606 - becoming a command is what this is for


if __name__ == "__main__":
    main()
