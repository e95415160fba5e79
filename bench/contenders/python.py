"""Python's multiprocessing on the same work: `python3 python.py CASE` prints the figure as JSON, `--list` the cases."""
import json
import multiprocessing
import statistics
import sys
import time

WORKERS = 2
CALLS = 100_000
BIG_LENGTH = (64 << 20) // 8
OBJECTS = 2_000
MESSAGES = 200_000
LOCK_PAIRS = 300_000
PASSES = 3

spawn = multiprocessing.get_context("spawn")


def square(x):
    return x * x


def echo(value):
    return value


def rate(count, operation):
    for _ in range(PASSES - 1):
        operation()
    start = time.perf_counter()
    operation()
    return count / (time.perf_counter() - start)


def map_case():
    with spawn.Pool(WORKERS) as pool:
        return rate(CALLS, lambda: pool.map(square, range(CALLS)))


def in_flight():
    with spawn.Pool(WORKERS) as pool:
        return rate(CALLS, lambda: [r.get() for r in [pool.apply_async(square, (x,)) for x in range(CALLS)]])


def round_trip():
    times = []
    with spawn.Pool(1) as pool:
        for index in range(10_000):
            start = time.perf_counter()
            pool.apply(square, (3,))
            if index >= 5_000:
                times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def big_array():
    import array as arrays

    # bytes in, bytes out: Python pays for the copies alone, not for a loop in Python
    payload = arrays.array("d", [1.5]) * BIG_LENGTH
    rounds = 4
    with spawn.Pool(1) as pool:
        pool.apply(echo, (payload,))
        start = time.perf_counter()
        for _ in range(rounds):
            pool.apply(echo, (payload,))
        return rounds * 64 * 1.048576 / (time.perf_counter() - start)


def report(number):
    return {
        "id": number,
        "rows": [
            {"id": row, "name": f"row {row} of {number}", "score": row * 1.5, "tags": ["a", "b", "c"], "live": row % 2 == 0}
            for row in range(100)
        ],
    }


def objects():
    reports = [report(number) for number in range(OBJECTS)]
    with spawn.Pool(WORKERS) as pool:
        return rate(OBJECTS, lambda: [r.get() for r in [pool.apply_async(echo, (value,)) for value in reports]])


def drain(queue, done, rounds):
    for _ in range(rounds):
        while queue.get() is not None:
            pass
        done.put(True)


def queue_of(value):
    queue, done = spawn.Queue(), spawn.Queue()
    process = spawn.Process(target=drain, args=(queue, done, PASSES))
    process.start()

    def send():
        for _ in range(MESSAGES):
            queue.put(value)
        queue.put(None)
        done.get()

    figure = rate(MESSAGES, send)
    process.join()
    return figure


def queue_ints():
    return queue_of(7)


def queue_buffers():
    return queue_of(bytes(1024))


def drain_pipe(connection):
    for _ in range(PASSES):
        while connection.recv() is not None:
            pass
        connection.send(True)


def pipe_one_way():
    here, there = spawn.Pipe()
    process = spawn.Process(target=drain_pipe, args=(there,))
    process.start()

    def send():
        for _ in range(MESSAGES):
            here.send(7)
        here.send(None)
        here.recv()

    figure = rate(MESSAGES, send)
    process.join()
    return figure


def echo_pipe(connection):
    while (value := connection.recv()) is not None:
        connection.send(value)


def pipe_round_trip():
    here, there = spawn.Pipe()
    process = spawn.Process(target=echo_pipe, args=(there,))
    process.start()
    trips = 20_000

    def go():
        for _ in range(trips):
            here.send(7)
            here.recv()

    figure = rate(trips, go)
    here.send(None)
    process.join()
    return figure


def cold_start():
    with spawn.Pool(WORKERS) as pool:
        pool.map(square, [1, 2])


def lock_pairs(lock, count):
    for _ in range(count):
        lock.acquire()
        lock.release()


def lock():
    mutex = spawn.Lock()
    return rate(LOCK_PAIRS, lambda: lock_pairs(mutex, LOCK_PAIRS))


def contend(mutex, barrier):
    for _ in range(PASSES):
        barrier.wait()
        lock_pairs(mutex, LOCK_PAIRS)
        barrier.wait()


def lock_contended():
    mutex, barrier = spawn.Lock(), spawn.Barrier(2)
    process = spawn.Process(target=contend, args=(mutex, barrier))
    process.start()

    def go():
        barrier.wait()
        lock_pairs(mutex, LOCK_PAIRS)
        barrier.wait()

    figure = rate(2 * LOCK_PAIRS, go)
    process.join()
    return figure


def increment():
    value = spawn.Value("i", 0)

    def go():
        for _ in range(LOCK_PAIRS):
            with value.get_lock():
                value.value += 1

    return rate(LOCK_PAIRS, go)


def rounds_of(barrier, count):
    for _ in range(count):
        barrier.wait()


def barrier():
    count = 5_000
    parties = spawn.Barrier(4)
    processes = [spawn.Process(target=rounds_of, args=(parties, PASSES * count)) for _ in range(3)]
    for process in processes:
        process.start()
    figure = rate(count, lambda: rounds_of(parties, count))
    for process in processes:
        process.join()
    return figure


CASES = {
    "map": map_case,
    "inFlight": in_flight,
    "roundTrip": round_trip,
    "roundTripPinned": round_trip,
    "bigArray": big_array,
    "objects": objects,
    "queueInts": queue_ints,
    "queueBuffers": queue_buffers,
    "pipeOneWay": pipe_one_way,
    "pipeRoundTrip": pipe_round_trip,
    "coldStart": cold_start,
    "lock": lock,
    "lockContended": lock_contended,
    "increment": increment,
    "barrier": barrier,
}

if __name__ == "__main__":
    if sys.argv[1] == "--list":
        print(json.dumps(list(CASES)))
    else:
        print(json.dumps({"value": CASES[sys.argv[1]]()}))
