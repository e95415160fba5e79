import { Pool } from "../../dist/index.js";

const pool = new Pool(2);
const square = (x) => x * x;
await Promise.all([pool.apply(square, [1]), pool.apply(square, [2])]);
process.exit();
