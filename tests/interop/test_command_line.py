"""The command line, as a program and over TCP, reads the server whose codec and cipher are gurux-dlms."""

import asyncio
import json
import os
from pathlib import Path
import sys
from typing import Any

from async_timeout import timeout
import pytest

from .conftest import DEADLINE
from .gurux_secure_server import SECRET, SECRET_CLIENTS, TITLE, SecureGuruxServer
from .gurux_server import NAME, PASSWORD

ROOT = Path(__file__).parents[2]
KEYS = {0: (bytes(range(50, 66)), bytes(range(90, 106))), 2: (bytes(range(50, 82)), bytes(range(90, 122)))}
WANTED = ("1:0.0.42.0.0.255:2", "3:1.0.1.8.3.255:2", "3:1.0.99.8.0.255:2")
NAMES = {2: "hls-manufacturer", 3: "hls-md5", 4: "hls-sha1", 6: "hls-sha256"}


def server_of(suite: int = 0) -> SecureGuruxServer:
    return SecureGuruxServer(*KEYS[suite & 2], suite)


class Shell:
    """Runs the program with a home and an environment of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"]}

    def has_keys(self, suite: int) -> None:
        encryption_key, authentication_key = KEYS[suite & 2]
        self.environment["DLMS_ENCRYPTION_KEY"] = encryption_key.hex()
        self.environment["DLMS_AUTHENTICATION_KEY"] = authentication_key.hex()

    async def run(self, server: SecureGuruxServer, *arguments: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", str(ROOT / "tools" / "with_stack.py"), "dlms"),
            *("--host", "127.0.0.1", "--port", str(server.port), "--json", *arguments),
            cwd=self.home,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, error = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode(), error.decode()

    async def reads(self, server: SecureGuruxServer, *arguments: str) -> None:
        status, output, error = await self.run(server, *arguments, "read", *WANTED)
        assert status == 0, error
        assert [line for line in error.splitlines() if "tolerated of this meter" not in line] == []
        name, energy, missing = json.loads(output)
        assert bytes.fromhex(name["value"]) == NAME
        assert (energy["value"], energy["unit"]) == ("10000210", "Wh")
        assert "object-undefined" in missing["error"]

    @property
    def ceilings(self) -> list[int]:
        state: dict[str, Any] = json.loads((self.home / ".local/state/cosem/state.json").read_text())
        return list(state["ceilings"].values())


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.parametrize("suite", [0, 1, 2])
@pytest.mark.parametrize("protection", ["none", "authenticated", "encrypted", "authenticated-encryption"])
async def test_hls_gmac(shell: Shell, suite: int, protection: str):
    shell.has_keys(suite)
    async with timeout(DEADLINE), server_of(suite) as server:
        await shell.reads(
            server, *("--client", "1", "--auth", "hls-gmac", "--suite", str(suite), "--protection", protection)
        )
    assert (0xC0 in server.tags[2:]) == (protection == "none")


@pytest.mark.parametrize("suite", [0, 1, 2])
async def test_a_dedicated_key(shell: Shell, suite: int):
    shell.has_keys(suite)
    async with timeout(DEADLINE), server_of(suite) as server:
        await shell.reads(server, "--client", "1", "--auth", "hls-gmac", "--suite", str(suite), "--dedicated-key")
    assert 0xD0 in server.tags


async def test_the_counter_goes_on_with_the_next_call(shell: Shell):
    shell.has_keys(0)
    async with timeout(DEADLINE), server_of() as server:
        options = ("--client", "1", "--auth", "hls-gmac", "--counter-logical-name", "none")
        await shell.reads(server, *options)
        (first,) = shell.ceilings
        await shell.reads(server, *options)
    (second,) = shell.ceilings
    assert second >= first + 1_000


@pytest.mark.parametrize("protected", [False, True], ids=["plain", "ciphered"])
@pytest.mark.parametrize("wport", SECRET_CLIENTS)
async def test_hls_by_secret(shell: Shell, wport: int, protected: bool):
    shell.has_keys(0)
    shell.environment["DLMS_HLS_SECRET"] = SECRET.decode()
    # Without ciphering the library does not tell its title; then it has to be known.
    (shell.home / "keys.toml").write_text(f'meter_system_title = "{TITLE.hex()}"')
    options = ["--client", str(wport), "--auth", NAMES[SECRET_CLIENTS[wport]], "--keys-file", "keys.toml"]
    if protected:
        options += ["--protection", "authenticated-encryption"]
    async with timeout(DEADLINE), server_of() as server:
        await shell.reads(server, *options)


@pytest.mark.parametrize("wport", SECRET_CLIENTS)
async def test_a_wrong_secret_is_refused(shell: Shell, wport: int):
    shell.environment["DLMS_HLS_SECRET"] = "guessed"
    (shell.home / "keys.toml").write_text(f'meter_system_title = "{TITLE.hex()}"')
    options = ["--client", str(wport), "--auth", NAMES[SECRET_CLIENTS[wport]], "--keys-file", "keys.toml"]
    async with timeout(DEADLINE), server_of() as server:
        status, output, error = await shell.run(server, *options, "objects")
    assert (status, output) == (1, "")
    assert "authentication failure" in error
    assert "guessed" not in error


async def test_a_password(shell: Shell):
    shell.environment["DLMS_PASSWORD"] = PASSWORD
    async with timeout(DEADLINE), server_of() as server:
        await shell.reads(server, "--client", "2", "--auth", "lls")
    assert not (shell.home / ".local").exists()
