using System.Text;

namespace MiniRedis.Server.Links;

/// <summary>Commands for another server, as bytes. Text is Latin-1, one char a byte.</summary>
static class LinkCommand
{
    public static byte[] Encode(params ReadOnlySpan<string> words)
    {
        var text = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words) text.Append($"${word.Length}\r\n{word}\r\n");
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>AUTH as masteruser and masterauth ask for: without a user it is the old form, which every server knows.</summary>
    public static byte[] Auth(string user, string password) =>
        user.Length > 0 ? Encode("AUTH", user, password) : Encode("AUTH", password);
}
