namespace MiniRedis.Scripting.Memory;

/// <summary>
/// An error of a script on its way to the nearest pcall. The value lies in the machine; the exception only unwinds. Depth is bounded by
/// the 200 nested native calls that Lua 5.1 allows, so unwinding is too.
/// </summary>
public class LuaErrorException : Exception;

/// <summary>"not enough memory": the limit of a run, or the system, refused.</summary>
public sealed class LuaMemoryException : LuaErrorException;

/// <summary>The host ended the run. No pcall catches it.</summary>
public sealed class LuaStoppedException : Exception;
