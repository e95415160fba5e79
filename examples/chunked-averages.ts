/** A big list in chunks, one task a chunk. */
import { Pool } from "manyhands";

function analyzeChunk(chunk: number[]): number {
  return chunk.reduce((sum, value) => sum + value, 0) / chunk.length;
}

const data = Array.from({ length: 1_000 }, () => 1 + Math.floor(Math.random() * 100));
const chunks = [0, 250, 500, 750].map((start) => data.slice(start, start + 250));

await using pool = new Pool(4);
console.log("Chunk averages:", await pool.map(analyzeChunk, chunks));

// Prints:
// Chunk averages: [ <number>, <number>, <number>, <number> ]
