process.on("message", (message) => {
  if (message === "end") process.send("done");
});
