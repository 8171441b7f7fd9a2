namespace MiniRedis.Scripting.Compilation;

internal enum ExpressionKind
{
    /// <summary>No value: an empty list of expressions.</summary>
    Void,
    Nil, True, False,

    /// <summary>A constant; <see cref="Expression.Info"/> is its index.</summary>
    Constant,

    /// <summary>A number that is not yet a constant.</summary>
    Number,
    Local, UpValue,

    /// <summary>A global; Info is the constant of its name.</summary>
    Global,

    /// <summary>A field; Info is the register of the table, Aux the key.</summary>
    Indexed,

    /// <summary>A comparison; Info is its jump.</summary>
    Jump,

    /// <summary>An instruction whose register A is open.</summary>
    Relocatable,

    /// <summary>A value in a register.</summary>
    Register,
    Call, Vararg,
}

/// <summary>An expression whose code may not be complete: what is known of its value, and the jumps that leave it when true or false.</summary>
internal struct Expression
{
    public ExpressionKind Kind;
    public int Info, Aux;
    public double Number;
    public int TrueList, FalseList;

    public static Expression Of(ExpressionKind kind, int info = 0) =>
        new() { Kind = kind, Info = info, TrueList = FunctionState.NoJump, FalseList = FunctionState.NoJump };

    public readonly bool HasJumps => TrueList != FalseList;

    public readonly bool IsNumeral =>
        Kind == ExpressionKind.Number && TrueList == FunctionState.NoJump && FalseList == FunctionState.NoJump;
}
