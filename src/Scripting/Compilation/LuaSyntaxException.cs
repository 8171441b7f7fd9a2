namespace MiniRedis.Scripting.Compilation;

/// <summary>A chunk that does not compile. The message is Lua's, with the name of the chunk and the line.</summary>
internal sealed class LuaSyntaxException(byte[] text) : Exception
{
    public byte[] Text { get; } = text;
}
