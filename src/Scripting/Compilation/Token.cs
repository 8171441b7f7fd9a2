namespace MiniRedis.Scripting.Compilation;

/// <summary>Tokens. A single character stands for itself; the reserved words begin at 257 in the order of Lua's.</summary>
internal static class Token
{
    public const int And = 257, Break = 258, Do = 259, Else = 260, ElseIf = 261, End = 262, False = 263, For = 264, Function = 265,
        If = 266, In = 267, Local = 268, Nil = 269, Not = 270, Or = 271, Repeat = 272, Return = 273, Then = 274, True = 275,
        Until = 276, While = 277, Concat = 278, Dots = 279, Eq = 280, Ge = 281, Le = 282, Ne = 283, Number = 284, Name = 285,
        String = 286, Eos = 287;

    public const int ReservedWords = 21;

    static readonly string[] s_texts =
    [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or", "repeat",
        "return", "then", "true", "until", "while", "..", "...", "==", ">=", "<=", "~=", "<number>", "<name>", "<string>", "<eof>",
    ];

    public static string TextOf(int token) => token >= And ? s_texts[token - And]
        : token < 32 || token == 127 ? $"char({token})" : ((char)token).ToString();
}
