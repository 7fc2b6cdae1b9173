"""Runs a Python for which the kernel refuses some system calls with EPERM, as the filter of a systemd unit does.

Its first argument names the calls by number, with commas; the others are those of the Python.
"""

import ctypes
import errno
import os
import struct
import sys

_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _IS, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000


def refuse(numbers):
    """Install a filter for this process and all that it starts. Return False if the kernel permits none."""
    steps = [(_LOAD, 0, 0, 0)]  # the number of the call
    for number in numbers:
        steps += [(_IS, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
    call = ctypes.CDLL(None).prctl
    return not call(_NO_NEW_PRIVS, 1, 0, 0, 0) and not call(_SECCOMP, _FILTER, program, 0, 0)


if __name__ == "__main__":
    if not refuse([int(number) for number in sys.argv[1].split(",")]):
        raise SystemExit(77)
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
