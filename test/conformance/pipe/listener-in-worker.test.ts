import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { Client, Listener, Pipe, StateError, type Connection } from "manyhands";
import { forEachBackend, patience } from "../sync/backends.js";

forEachBackend("Listener in a worker", ({ start }) => {
  test("serves at a path of its own, which is gone with the worker", async () => {
    const [here, there] = Pipe<string>();
    const child = start(
      async (connection: Connection<string>) => {
        const listener = await Listener.listen<number>(undefined, { authKey: "k" });
        await connection.send(listener.address as string);
        using client = await listener.accept();
        await client.send((await client.recv()) + 1);
        await client.poll({ timeout: Infinity });
      },
      [there],
    );
    const path = await here.recv(patience);
    assert.equal(existsSync(path), true);
    using client = await Client<number>(path, { authKey: "k" });
    await client.send(41);
    assert.equal(await client.recv(patience), 42);
    client.close();
    assert.equal(await child.join(), 0);
    assert.equal(existsSync(path), false);
  });

  test("does not keep its worker alive, and loses its clients when the worker is killed", async () => {
    const [here, there] = Pipe<string>();
    const idle = start(async () => void (await Listener.listen()), []);
    assert.equal(await idle.join(), 0);
    const child = start(
      async (connection: Connection<string>) => {
        const listener = await Listener.listen();
        await connection.send(listener.address as string);
        for await (const client of listener) await client.send("hello");
      },
      [there],
    );
    const path = await here.recv(patience);
    using client = await Client(path);
    assert.equal(await client.recv(patience), "hello");
    const ending = assert.rejects(client.recv(patience), { code: "ERR_END_OF_FILE" });
    child.kill();
    await ending;
    await child.join();
    await assert.rejects(Client(path), StateError);
  });
});
