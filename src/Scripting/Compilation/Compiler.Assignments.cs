namespace MiniRedis.Scripting.Compilation;

/// <summary>Calls as statements, and assignments to several variables at once.</summary>
internal sealed unsafe partial class Compiler
{
    /// <summary>The variables of an assignment, the last one innermost.</summary>
    sealed class Target
    {
        public Target? Previous;
        public Expression Variable;
    }

    void ExpressionStatement()
    {
        var target = new Target();
        Primary(ref target.Variable);
        if (target.Variable.Kind == ExpressionKind.Call)
        {
            ref var call = ref Function.CodeOf(target.Variable);
            call = Instruction.WithC(call, 1);
            return;
        }
        Assignment(target, 1);
    }

    void Assignment(Target target, int count)
    {
        if (target.Variable.Kind is not (ExpressionKind.Local or ExpressionKind.UpValue or ExpressionKind.Global or ExpressionKind.Indexed))
        {
            _lexer.FailNear("syntax error");
        }
        Expression value;
        if (Accept(','))
        {
            var next = new Target { Previous = target };
            Primary(ref next.Variable);
            if (next.Variable.Kind == ExpressionKind.Local) Protect(target, next.Variable);
            Function.Limit(count, MostLevels - _level, "variables in assignment");
            Assignment(next, count + 1);
        }
        else
        {
            Expect('=');
            value = default;
            var values = ExpressionList(ref value);
            if (values == count)
            {
                Function.SetOneReturn(ref value);
                Function.Store(target.Variable, ref value);
                return;
            }
            Adjust(count, values, ref value);
            if (values > count) Function.FreeRegister -= values - count;
        }
        value = Expression.Of(ExpressionKind.Register, Function.FreeRegister - 1);
        Function.Store(target.Variable, ref value);
    }

    /// <summary>A local that is assigned may be the table or the key of an earlier target: those use a copy of it.</summary>
    void Protect(Target target, in Expression local)
    {
        var copy = Function.FreeRegister;
        var isUsed = false;
        for (var t = target; t != null; t = t.Previous)
        {
            if (t.Variable.Kind != ExpressionKind.Indexed) continue;
            if (t.Variable.Info == local.Info)
            {
                isUsed = true;
                t.Variable.Info = copy;
            }
            if (t.Variable.Aux == local.Info)
            {
                isUsed = true;
                t.Variable.Aux = copy;
            }
        }
        if (!isUsed) return;
        Function.Emit(Op.Move, Function.FreeRegister, local.Info, 0);
        Function.Reserve(1);
    }
}
