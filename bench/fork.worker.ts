/** What one would write by hand: squares what it is sent. */
process.on('message', (request: number) => process.send?.(request * request));
