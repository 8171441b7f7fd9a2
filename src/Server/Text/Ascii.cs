namespace MiniRedis.Server.Text;

/// <summary>Compares option tokens, which are ASCII in any culture.</summary>
static class Ascii
{
    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> token) =>
        text.Length == token.Length && System.Text.Ascii.EqualsIgnoreCase(text, token);

    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> text, string token) =>
        text.Length == token.Length && System.Text.Ascii.EqualsIgnoreCase(text, token);
}
