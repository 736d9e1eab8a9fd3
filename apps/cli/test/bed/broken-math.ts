// Breaks what a program may rely on, for tests that need a bug: nothing that users can do should cause one.
Math.max = () => {
  throw new TypeError("planted: Math.max is broken");
};
