namespace MiniRedis.Scripting.Machine;

/// <summary>Events of metatables. The first five have a bit in a table that says "known to be absent".</summary>
internal enum Metamethod { Index, NewIndex, Gc, Mode, Eq, Add, Sub, Mul, Div, Mod, Pow, Unm, Len, Lt, Le, Concat, Call }
