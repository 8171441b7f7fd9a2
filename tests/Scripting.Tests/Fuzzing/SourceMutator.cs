using System.Text;

namespace MiniRedis.Scripting.Tests.Fuzzing;

/// <summary>
/// Sources that nobody would write: soups of tokens, programs that were damaged, bytes that look like bytecode. Most do not compile; those
/// that do run.
/// </summary>
sealed class SourceMutator(Random random)
{
    static readonly string[] s_tokens =
    [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or", "repeat", "return",
        "then", "true", "until", "while", "+", "-", "*", "/", "%", "^", "#", "==", "~=", "<=", ">=", "<", ">", "=", "(", ")", "{", "}", "[", "]",
        ";", ":", ",", ".", "..", "...", "a", "b", "x1", "_G", "string", "1", "0x10", "1e5", "3.", ".5", "0x", "1e", "'s'", "\"\\n\"", "[[long]]",
        "[=[x]=]", "--c\n", "--[[c]]", "\n", " ", "pcall", "error", "math.huge", "'\\300'", "'\\", "[==[", "\"", "@", "~", "!", "\0", "\xFF",
    ];

    readonly ProgramGenerator _programs = new(random);
    readonly LibraryGenerator _libraries = new(random);

    public string Next() => random.Next(8) switch
    {
        0 or 1 => Soup(),
        2 => Bytecode(),
        3 => Bytes(random.Next(200)),
        4 => Damage(FuzzTests.Wrap(_libraries.Program())),
        5 => Nested(),
        _ => Damage(FuzzTests.Wrap(_programs.Program())),
    };

    string Token() => s_tokens[random.Next(s_tokens.Length)];

    string Soup()
    {
        var text = new StringBuilder();
        for (var i = random.Next(1, 60); i > 0; i--) text.Append(Token()).Append(random.Next(3) == 0 ? "" : " ");
        return text.ToString();
    }

    string Bytes(int count)
    {
        var text = new StringBuilder();
        for (; count > 0; count--) text.Append((char)random.Next(256));
        return text.ToString();
    }

    /// <summary>A header of Lua 5.1's bytecode, whole or in part, in front of anything.</summary>
    string Bytecode()
    {
        const string header = "\u001bLuaQ\0\u0001\u0004\u0008\u0004\u0008\0";
        var text = string.Concat(header.AsSpan(0, random.Next(1, header.Length + 1)), Bytes(random.Next(200)));
        return random.Next(2) == 0 ? text : $"return loadstring({LibraryGenerator.Quote(text)})";
    }

    string Nested()
    {
        var piece = Token() + " " + (random.Next(2) == 0 ? Token() + " " : "");
        return string.Concat(Enumerable.Repeat(piece, random.Next(1, 400))) + Soup();
    }

    string Damage(string program)
    {
        var text = new StringBuilder(program);
        for (var i = random.Next(1, 5); i > 0 && text.Length > 0; i--)
        {
            var at = random.Next(text.Length);
            var length = Math.Min(random.Next(1, 20), text.Length - at);
            switch (random.Next(6))
            {
                case 0: text.Remove(at, length); break;
                case 1: text.Insert(at, Token()); break;
                case 2: text.Insert(at, text.ToString(at, length)); break;
                case 3: text[at] = (char)random.Next(256); break;
                case 4: text.Replace(text.ToString(at, 1), Token(), at, length); break;
                default: text.Length = at; break;
            }
        }
        return text.ToString();
    }
}
