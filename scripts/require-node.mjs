// Loaded before anything else, so that an old Node gets a sentence instead of a syntax error:
// keep to syntax that every Node with modules understands.
var parts = process.versions.node.split('.').map(Number);
var recent = parts[0] > 20 || (parts[0] === 20 && parts[1] >= 19);
if (!recent) {
  console.error(
    'Tutti needs Node.js 20.19 or later and this is ' +
      process.version +
      ' (' +
      process.execPath +
      ').\n' +
      'Install a current one from https://nodejs.org and run the command again.',
  );
  process.exit(1);
}
