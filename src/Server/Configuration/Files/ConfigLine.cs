using System.Globalization;
using System.Text;

namespace MiniRedis.Server.Configuration.Files;

/// <summary>Splits a line of a configuration file into words, and quotes a word so that splitting gives it back.</summary>
/// <remarks>
/// Redis's rules (sdssplitargs): white space separates words; "double quotes" know \n \r \t \b \a \xHH, and a backslash before
/// any other character stands for that character; 'single quotes' know only \'; a closing quote must end the word.
/// </remarks>
internal static class ConfigLine
{
    /// <summary>The words of <paramref name="line"/>; null if its quotes are unbalanced.</summary>
    public static string[]? Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var at = 0;
        while (true)
        {
            while (at < line.Length && IsSpace(line[at])) at++;
            // A NUL ends the line: Redis reads C strings.
            if (at == line.Length || line[at] == '\0') return [.. words];
            word.Clear();
            if (!ReadWord(line, ref at, word)) return null;
            words.Add(word.ToString());
        }
    }

    static bool ReadWord(string line, ref int at, StringBuilder word)
    {
        while (at < line.Length)
        {
            var c = line[at];
            switch (c)
            {
                case ' ' or '\n' or '\r' or '\t' or '\0':
                    return true;
                case '"' or '\'':
                    at++;
                    if (!ReadQuoted(line, ref at, word, c)) return false;
                    return at == line.Length || IsSpace(line[at]);
                default:
                    word.Append(c);
                    at++;
                    break;
            }
        }
        return true;
    }

    static bool ReadQuoted(string line, ref int at, StringBuilder word, char quote)
    {
        while (at < line.Length && line[at] != '\0')
        {
            var c = line[at++];
            if (c == quote) return true;
            if (c != '\\' || at == line.Length) { word.Append(c); continue; }
            var next = line[at];
            if (quote == '\'')
            {
                if (next == '\'') { word.Append('\''); at++; }
                else word.Append('\\');
            }
            else if (next == 'x' && at + 2 < line.Length && char.IsAsciiHexDigit(line[at + 1])
                && char.IsAsciiHexDigit(line[at + 2]))
            {
                word.Append((char)byte.Parse(line.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture));
                at += 3;
            }
            else
            {
                word.Append(next switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'a' => '\a', _ => next });
                at++;
            }
        }
        return false;
    }

    /// <summary>The word as it is, or in quotes where splitting would not give it back.</summary>
    public static string QuoteIfNeeded(string word) =>
        word.Length > 0 && word.All(c => c is > ' ' and <= '~' and not ('"' or '\'' or '\\')) ? word : Quote(word);

    /// <summary>The word in double quotes, with everything escaped that is not printable ASCII.</summary>
    public static string Quote(string word)
    {
        var quoted = new StringBuilder(word.Length + 2).Append('"');
        foreach (var c in word)
        {
            _ = c switch
            {
                '\\' or '"' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                '\a' => quoted.Append("\\a"),
                '\b' => quoted.Append("\\b"),
                >= ' ' and <= '~' => quoted.Append(c),
                _ => quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
            };
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>isspace(3) of the C locale.</summary>
    static bool IsSpace(char c) => c is ' ' or (>= '\t' and <= '\r');
}
