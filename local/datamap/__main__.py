"""`python -m local.datamap --port 0` prints its address and serves until it is told to stop."""

import argparse
import asyncio
import os
import signal
import ssl
from pathlib import Path
from typing import Any

import orjson
import uvloop
from aiohttp import web

from local.datamap.certificate import write_certificate
from local.datamap.identity import SIGN_IN, SignIn
from local.datamap.server import create_app


def main() -> None:
    options = _options()
    uvloop.run(_serve(options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.datamap", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument(
        "--seed", type=Path, help="a catalogue to start with: an entity/bulk body with relationships"
    )
    parser.add_argument("--certfile", type=Path, help="serve https with this certificate (PEM)")
    parser.add_argument("--keyfile", type=Path, help="its key, unless it is in the certificate's file")
    parser.add_argument(
        "--self-signed",
        type=Path,
        metavar="FILE",
        help="serve https with a new certificate, written to FILE for clients to trust",
    )
    parser.add_argument(
        "--identity-header",
        default=os.environ.get("DATAMAP_IDENTITY_HEADER", SIGN_IN.identity_header),
        help="what managed identity sign-in accepts in X-IDENTITY-HEADER",
    )
    parser.add_argument(
        "--client-secret",
        default=os.environ.get("DATAMAP_CLIENT_SECRET", SIGN_IN.client_secret),
        help="what sign-in with client credentials accepts",
    )
    parser.add_argument(
        "--client-certificate", type=Path, metavar="FILE", help="a certificate (PEM) that sign-in accepts too"
    )
    parser.add_argument(
        "--federated-token", metavar="TOKEN", help="a federated token that sign-in accepts too"
    )
    parser.add_argument(
        "--approve-devices",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether device codes are approved at once or through /_control",
    )
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    certificate = options.client_certificate
    sign_in = SignIn(
        options.identity_header,
        options.client_secret,
        certificate.read_text("utf-8") if certificate else None,
        options.federated_token,
        options.approve_devices,
    )
    app = create_app(sign_in, _seed(options.seed))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    tls = _tls(options)
    site = web.TCPSite(runner, "127.0.0.1", options.port, ssl_context=tls, shutdown_timeout=1)
    await site.start()
    print(f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await _told_to_stop()
    await runner.cleanup()


def _seed(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    seed: dict[str, Any] = orjson.loads(path.read_bytes())
    return seed


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    certificate = options.certfile
    if options.self_signed is not None:
        write_certificate(options.self_signed)
        certificate = options.self_signed
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, options.keyfile)
    return context


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    main()
