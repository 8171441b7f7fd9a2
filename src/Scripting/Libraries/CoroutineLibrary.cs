using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The table "coroutine".</summary>
internal static unsafe class CoroutineLibrary
{
    public static void Open(LuaMachine m)
    {
        var t = m.OpenLibrary("coroutine", 6);
        m.AddNative(t, "create", &Create);
        m.AddNative(t, "resume", &Resume);
        m.AddNative(t, "running", &Running);
        m.AddNative(t, "status", &Status);
        m.AddNative(t, "wrap", &Wrap);
        m.AddNative(t, "yield", &Yield);
    }

    static Value NewCoroutine(LuaMachine m)
    {
        if (m.TypeOf(1) != LuaType.Function || m.Argument(1)->Closure->Proto == null) m.ArgumentError(1, "Lua function expected");
        return Value.From(m.NewCoroutine(*m.Argument(1)));
    }

    static int Create(LuaMachine m) => m.Return(NewCoroutine(m));

    static LuaThread* CheckCoroutine(LuaMachine m)
    {
        if (m.TypeOf(1) != LuaType.Thread) m.ArgumentError(1, "coroutine expected");
        return m.Argument(1)->Thread;
    }

    static int Resume(LuaMachine m)
    {
        var thread = CheckCoroutine(m);
        var results = m.Resume(thread, m.ArgumentCount - 1);
        var succeeded = results >= 0;
        if (!succeeded) results = 1;
        m.Push(Value.Nil);
        var first = m.Thread->Top - results - 1;
        for (var slot = m.Thread->Top - 1; slot > first; slot--) *slot = slot[-1];
        *first = Value.From(succeeded);
        return results + 1;
    }

    static int Wrap(LuaMachine m)
    {
        var coroutine = NewCoroutine(m);
        var closure = m.NewNative(&ResumeWrapped, 1);
        Closure.Values(closure)[0] = coroutine;
        return m.Return(Value.From(closure));
    }

    static int ResumeWrapped(LuaMachine m)
    {
        var thread = Closure.Values(m.Thread->Call->Function->Closure)[0].Thread;
        var results = m.Resume(thread, m.ArgumentCount);
        if (results >= 0) return results;
        var error = m.Thread->Top[-1];
        // Errors that are texts get the place of the caller as well.
        if (error.IsString) error = m.WithPlace(1, error.AsBytes);
        m.Throw(error);
        return 0;
    }

    static int Running(LuaMachine m) => m.Return(m.IsMain ? Value.Nil : Value.From(m.Thread));

    static int Status(LuaMachine m) => m.ReturnText(m.StatusOf(CheckCoroutine(m)));

    static int Yield(LuaMachine m) => m.Yield();
}
