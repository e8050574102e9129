# SPDX-License-Identifier: MIT
# asyncio on uvloop, which loads libuv late and into a scope of its own: a timer, a server and a client, a thread.
import asyncio

import uvloop


async def answer(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()


async def main():
    await asyncio.sleep(0.01)
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    print((await reader.readline()).decode().strip())
    writer.close()
    server.close()
    await server.wait_closed()
    print(await asyncio.get_running_loop().run_in_executor(None, sum, [1, 2, 3]))
    process = await asyncio.create_subprocess_exec("/bin/echo", "child", stdout=asyncio.subprocess.PIPE)
    print((await process.stdout.read()).decode().strip(), await process.wait())


uvloop.install()
asyncio.run(main())
