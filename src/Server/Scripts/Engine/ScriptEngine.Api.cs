using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;

namespace MiniRedis.Server.Scripts.Engine;

/// <summary>The functions of the table "redis".</summary>
sealed partial class ScriptEngine
{
    void IScriptHost.Call(int id, ref NativeCall call)
    {
        switch ((Function)id)
        {
            case Function.Call:
                CallCommand(ref call, raises: true);
                break;
            case Function.ProtectedCall:
                CallCommand(ref call, raises: false);
                break;
            case Function.Log:
                Log(ref call);
                break;
            case Function.SetResp:
                SetResp(ref call);
                break;
            case Function.Sha1Hex:
                Sha1Hex(ref call);
                break;
            case Function.ErrorReply:
                ErrorReply(ref call);
                break;
            case Function.StatusReply:
                StatusReply(ref call);
                break;
            case Function.SetRepl:
                SetRepl(ref call);
                break;
            case Function.AclCheckCommand:
                AclCheckCommand(ref call);
                break;
            case Function.Breakpoint:
                // There is no debugger to stop in.
                call.Return(Value.From(false));
                break;
            case Function.Debug:
                break;
            case Function.ReplicateCommands:
                // Scripts have been propagated by their effects since Redis 5, and by nothing else since 7.
                call.Return(Value.From(true));
                break;
            case Function.Register:
                Register(ref call);
                break;
        }
    }

    Value Error(ReadOnlySpan<byte> text, bool isCounted = false) => LuaReplyValues.MakeError(Machine, _names, text, isCounted);

    void Raise(ref NativeCall call, ReadOnlySpan<byte> text) => call.Raise(Error(text));

    void CallCommand(ref NativeCall call, bool raises)
    {
        var values = call.Arguments;
        var script = _services.Running;
        Value result;
        var failed = true;
        Request request = default;
        if (values.IsEmpty)
        {
            result = Error(Errors.ScriptCallEmpty);
        }
        else if (!_arguments.TryTake(values, out request))
        {
            result = Error(Errors.ScriptCallArguments);
        }
        else
        {
            var outcome = _services.Calls.Call(request, _values, out var refusal);
            if (outcome == ScriptCallResult.Answered)
            {
                failed = _values.IsError;
                result = _values.Result;
            }
            else
            {
                result = outcome == ScriptCallResult.Refused ? Error(refusal, isCounted: true) : Error(Errors.ScriptReplyTooLong);
            }
        }
        // Its commands may take long, though it counts few steps.
        if (script.IsDue) Machine.Spend(Machine.CheckInterval);
        if (failed && raises) call.Raise(result);
        call.Return(result);
    }

    void Log(ref NativeCall call)
    {
        var values = call.Arguments;
        if (values.Length < 2)
        {
            Raise(ref call, Errors.LogArguments);
            return;
        }
        if (!LuaMachine.TryNumber(values[0], out var number))
        {
            Raise(ref call, Errors.LogLevelArgument);
            return;
        }
        var level = (int)number;
        if (level is < (int)ServerLogLevel.Debug or > (int)ServerLogLevel.Warning)
        {
            Raise(ref call, Errors.LogLevelInvalid);
            return;
        }
        if (level < (int)_services.LogLevel) return;
        var message = Join(values[1..]);
        switch ((ServerLogLevel)level)
        {
            case ServerLogLevel.Debug:
                _services.Log.ScriptDebug(message);
                break;
            case ServerLogLevel.Verbose:
                _services.Log.ScriptVerbose(message);
                break;
            case ServerLogLevel.Notice:
                _services.Log.ScriptNotice(message);
                break;
            default:
                _services.Log.ScriptWarning(message);
                break;
        }
    }

    /// <summary>Strings and numbers with a blank between; what is neither is left out.</summary>
    static string Join(ReadOnlySpan<Value> values)
    {
        Span<byte> number = stackalloc byte[LuaMachine.MostNumberBytes];
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < values.Length; i++)
        {
            var isNumber = values[i].Type == LuaType.Number;
            if (!isNumber && !values[i].IsString) continue;
            if (i > 0) text.Append(' ');
            text.Append(System.Text.Encoding.UTF8.GetString(
                isNumber ? number[..LuaMachine.Format(values[i].AsNumber, number)] : values[i].AsBytes));
        }
        return text.ToString();
    }

    void SetResp(ref NativeCall call)
    {
        if (call.Arguments.Length != 1)
        {
            Raise(ref call, Errors.SetRespArguments);
            return;
        }
        LuaMachine.TryNumber(call.Arguments[0], out var number);
        if ((int)number is not (2 or 3))
        {
            Raise(ref call, Errors.SetRespVersion);
            return;
        }
        _services.Running.Protocol = (int)number;
    }

    void Sha1Hex(ref NativeCall call)
    {
        if (call.Arguments.Length != 1)
        {
            Raise(ref call, Errors.ScriptWrongArguments);
            return;
        }
        Span<byte> number = stackalloc byte[LuaMachine.MostNumberBytes];
        var value = call.Arguments[0];
        // What is no text counts as an empty one, as in Redis.
        var bytes = value.Type == LuaType.Number ? number[..LuaMachine.Format(value.AsNumber, number)] : value.IsString ? value.AsBytes : default;
        Span<byte> digest = stackalloc byte[ScriptDigest.TextBytes];
        ScriptDigest.Of(bytes).Format(digest);
        call.Return(digest);
    }

    void ErrorReply(ref NativeCall call)
    {
        if (call.Arguments.Length != 1 || !call.Arguments[0].IsString)
        {
            call.Return(Error(Errors.ScriptWrongReplyArguments));
            return;
        }
        var text = call.Arguments[0].AsBytes;
        if (text is [(byte)'-', ..]) text = text[1..];
        // An error has a code: the word before the first blank, or the general one.
        var blank = text.IndexOf((byte)' ');
        var code = blank < 0 ? "ERR"u8 : text[..blank];
        call.Return(Error([.. code, .. " "u8, .. text[(blank + 1)..].Trim("\r\n"u8)]));
    }

    void StatusReply(ref NativeCall call)
    {
        if (call.Arguments.Length != 1 || !call.Arguments[0].IsString)
        {
            call.Return(Error(Errors.ScriptWrongReplyArguments));
            return;
        }
        var table = Machine.NewTable(0);
        Machine.Set(table, _names.Ok, call.Arguments[0]);
        call.Return(table);
    }

    void SetRepl(ref NativeCall call)
    {
        if (call.Arguments.Length != 1)
        {
            Raise(ref call, Errors.SetReplArguments);
            return;
        }
        LuaMachine.TryNumber(call.Arguments[0], out var number);
        if (((int)number & ~(int)EffectTarget.All) != 0)
        {
            Raise(ref call, Errors.SetReplFlags);
            return;
        }
        _services.Effects.LimitTo((EffectTarget)(int)number);
    }

    void AclCheckCommand(ref NativeCall call)
    {
        if (call.Arguments.IsEmpty)
        {
            Raise(ref call, Errors.ScriptCallEmpty);
            return;
        }
        if (!_arguments.TryTake(call.Arguments, out var request))
        {
            Raise(ref call, Errors.ScriptCallArguments);
            return;
        }
        if (_services.Calls.IsAllowed(request) is { } isAllowed) call.Return(Value.From(isAllowed));
        else Raise(ref call, Errors.AclCheckCommand);
    }
}
