"""
Names without what is nobody's business further on: user names, passwords, tokens and signatures.

Drivers have hundreds of parameters, and which of them are secret nobody can list. So of a database's address only the
parameters that name a place are kept. Other names, such as a job's, may tell places apart by any parameter: of these only
those are dropped that are called like a secret.
"""

import re

from lineage.naming.address import DATABASES, PARAMETERS, parse_address, without_credentials

# Db2 begins its parameters with a colon, and braces hold what has semicolons in it.
_DATABASE_PARAMETER = re.compile(r"[:;?&]([^=:;?&/]*+)=(?:\{[^}]*+\})?+[^;?&]*+")
_PARAMETER = re.compile(r"[;?&]([^=;?&]*+)=[^;?&]*+")
_SECRET = re.compile(
    r"user|uid|pass|pwd|token|secret|credential|signature|key|\A\s*(?:sig|code|auth|authorization)\s*\Z",
    re.IGNORECASE,
)


def without_secrets(name: str) -> str:
    """A namespace, a URL or any other name without the secrets that some producers leave in it."""
    while (cleaned := _cleaned(name)) != name:
        name = cleaned
    return name


def _cleaned(name: str) -> str:
    name = without_credentials(name)
    if "=" not in name:
        return name
    address = parse_address(name)
    if address and address.scheme in DATABASES:
        return _DATABASE_PARAMETER.sub(lambda found: found[0] if _names_place(found[1]) else "", name)
    return _PARAMETER.sub(lambda found: "" if _SECRET.search(found[1]) else found[0], name)


def _names_place(key: str) -> bool:
    return key.strip().lower() in PARAMETERS
