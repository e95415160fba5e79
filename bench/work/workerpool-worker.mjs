import workerpool from "workerpool";
import { echo, scale, square } from "./tasks.mjs";

workerpool.worker({ square, scale, echo });
