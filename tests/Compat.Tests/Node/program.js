// What the programs share: the server's port, and how a program says that it succeeded.
exports.port = +process.argv[2];

exports.range = count => Array.from({ length: count }, (_, i) => i);

/** Runs a program; the test reads "done", or why not. */
exports.done = program => program().then(() => console.log('done'), failure => {
    console.error(failure);
    process.exit(1);
});

/** Looks again and again, between turns of the event loop, until a condition holds. */
exports.until = async condition => {
    while (!await condition()) await new Promise(setImmediate);
};
