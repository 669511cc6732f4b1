"""A drop for clips: an FTP server that cameras may only put files into.

Each account has its own tree. Nothing in it can be read, listed or changed by another account, and
none can be read back by its own either: an account sees names, sizes and times of what it sent.

`names` says what a path may be, `tree` is the folder on disk, `store` knows what is in it and what
has to go by what `room` and `intake` allow, `grace` holds a file back until its client is known to
live on, `door` lets clients in, `data` opens the connections that files come through, `server` is
the conversation.
"""

from .door import Account
from .names import Kind
from .room import Limits
from .server import FtpServer, Options
from .shelf import Received
from .store import Store
from .tree import ForeignFolderError, Tree

__all__ = [
    "Account",
    "ForeignFolderError",
    "FtpServer",
    "Kind",
    "Limits",
    "Options",
    "Received",
    "Store",
    "Tree",
]
