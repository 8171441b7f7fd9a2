using MiniRedis.Scripting.Compilation;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>
/// Coroutines. Each has stacks of its own, so a yield only leaves the loop, and a resume enters it again. As in Lua 5.1 there is no yield
/// across a native function that calls back.
/// </summary>
public sealed unsafe partial class LuaMachine
{
    internal LuaThread* NewCoroutine(Value function)
    {
        var thread = NewThread(_thread->Globals);
        *thread->Top++ = function;
        return thread;
    }

    internal bool IsMain => _thread == _main;

    /// <summary>What coroutine.status says.</summary>
    internal string StatusOf(LuaThread* thread)
    {
        if (thread == _thread) return "running";
        return thread->Status switch
        {
            ThreadStatus.Yielded => "suspended",
            ThreadStatus.Dead => "dead",
            _ when thread->Call != thread->Calls => "normal",
            _ => thread->Top == thread->Base ? "dead" : "suspended",
        };
    }

    /// <summary>
    /// Resumes a coroutine with arguments from the top of the stack, which leave it. Its results, or its error, are there afterwards.
    /// </summary>
    /// <returns>The number of results, or -1 after an error.</returns>
    internal int Resume(LuaThread* thread, int arguments)
    {
        var status = StatusOf(thread);
        if (status != "suspended") return ResumeError($"cannot resume {status} coroutine");
        if (_depth >= Compiler.MostLevels) return ResumeError("C stack overflow");
        var from = _thread;
        from->Top -= arguments;
        _thread = thread;
        EnsureStack(arguments);
        for (var i = 0; i < arguments; i++) *thread->Top++ = from->Top[i];
        thread->Resumer = from;
        var failed = !RunCoroutine(thread, arguments);
        _thread = from;
        thread->Resumer = null;
        var results = failed ? 1 : (int)(thread->Top - thread->Base);
        EnsureStack(results);
        thread->Top -= results;
        for (var i = 0; i < results; i++) *from->Top++ = thread->Top[i];
        return failed ? -1 : results;
    }

    int ResumeError(string message)
    {
        Push(NewString(System.Text.Encoding.ASCII.GetBytes(message)));
        return -1;
    }

    bool RunCoroutine(LuaThread* thread, int arguments)
    {
        var (depth, handler) = (_depth, _handler);
        _handler = 0;
        try
        {
            thread->BaseDepth = ++_depth;
            Continue(thread, arguments);
            return true;
        }
        catch (LuaErrorException e)
        {
            Caught(e);
            _thread = thread;
            thread->Status = ThreadStatus.Dead;
            *thread->Top++ = _error;
            return false;
        }
        finally
        {
            (_depth, _handler) = (depth, handler);
        }
    }

    void Continue(LuaThread* thread, int arguments)
    {
        if (thread->Status == ThreadStatus.Ready)
        {
            if (PreCall(thread->Top - arguments - 1, -1) != CallKind.Lua) return;
            thread->Call->IsFresh = 1;
            Execute();
            return;
        }
        // The call of yield ends now: the arguments are its results.
        thread->Status = ThreadStatus.Ready;
        if (PostCall(thread->Top - arguments)) thread->Top = thread->Call->Top;
        if (thread->Call != thread->Calls) Execute();
    }

    /// <summary>Suspends the running coroutine; what is on the stack of the call goes to who resumed it.</summary>
    internal int Yield()
    {
        if (_depth > _thread->BaseDepth) Fail("attempt to yield across metamethod/C-call boundary");
        _thread->Status = ThreadStatus.Yielded;
        return -1;
    }
}
