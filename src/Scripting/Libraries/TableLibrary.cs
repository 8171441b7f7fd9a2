using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The table "table".</summary>
internal static unsafe partial class TableLibrary
{
    public static void Open(LuaMachine m)
    {
        var t = m.OpenLibrary("table", 9);
        m.AddNative(t, "concat", &Concat);
        m.AddNative(t, "foreach", &ForEach);
        m.AddNative(t, "foreachi", &ForEachI);
        m.AddNative(t, "getn", &GetN);
        m.AddNative(t, "maxn", &MaxN);
        m.AddNative(t, "insert", &Insert);
        m.AddNative(t, "remove", &Remove);
        m.AddNative(t, "setn", &SetN);
        m.AddNative(t, "sort", &Sort);
    }

    static int Concat(LuaMachine m)
    {
        var separator = m.IsNoneOrNil(2) ? default : m.CheckString(2);
        var table = m.CheckTable(1);
        var i = (int)m.OptionalInteger(3, 1);
        var last = m.IsNoneOrNil(4) ? table->Length() : m.CheckInt(4);
        var buffer = new LuaBuffer(m);
        try
        {
            for (; i <= last; i++)
            {
                m.Spend(1);
                var value = table->Get(i);
                if (value->Type == LuaType.String)
                {
                    buffer.Add(value->AsBytes);
                }
                else if (value->Type == LuaType.Number)
                {
                    buffer.Advance(LuaNumbers.Format(value->Number, buffer.Room(LuaNumbers.MostBytes)));
                }
                else
                {
                    m.Fail($"invalid value ({LuaMachine.TypeName(value->Type)}) at index {i} in table for 'concat'");
                }
                if (i != last) buffer.Add(separator);
                else break;
            }
            return m.ReturnString(buffer.Written);
        }
        finally
        {
            buffer.Dispose();
        }
    }

    static int ForEachI(LuaMachine m)
    {
        var length = m.CheckTable(1)->Length();
        m.CheckType(2, LuaType.Function);
        for (var i = 1; i <= length; i++)
        {
            m.Push(*m.Argument(2));
            m.Push(Value.From(i));
            m.Push(*m.Argument(1)->Table->Get(i));
            m.Call(m.Thread->Top - 3, 1);
            if (!m.Thread->Top[-1].IsNil) return 1;
            m.Thread->Top--;
        }
        return 0;
    }

    static int ForEach(LuaMachine m)
    {
        m.CheckTable(1);
        m.CheckType(2, LuaType.Function);
        var entry = stackalloc Value[2];
        entry[0] = Value.Nil;
        while (true)
        {
            switch (m.Next(m.Argument(1)->Table, entry))
            {
                case 0: return 0;
                case -1:
                    m.RunError("invalid key to 'next'");
                    break;
            }
            // The key stays on the stack: the function may collect garbage.
            m.Push(entry[0]);
            m.Push(*m.Argument(2));
            m.Push(entry[0]);
            m.Push(entry[1]);
            m.Call(m.Thread->Top - 3, 1);
            if (!m.Thread->Top[-1].IsNil) return 1;
            m.Thread->Top -= 2;
        }
    }

    static int GetN(LuaMachine m) => m.ReturnNumber(m.CheckTable(1)->Length());

    static int SetN(LuaMachine m)
    {
        m.CheckTable(1);
        m.Fail("'setn' is obsolete");
        return 0;
    }

    static int MaxN(LuaMachine m)
    {
        var table = m.CheckTable(1);
        var most = 0.0;
        var entry = stackalloc Value[2];
        var position = 0;
        while (table->Walk(ref position, entry))
        {
            m.Spend(1);
            if (entry[0].Type == LuaType.Number && entry[0].Number > most) most = entry[0].Number;
        }
        return m.ReturnNumber(most);
    }

    static void CheckWritable(LuaMachine m, Table* table)
    {
        if (table->IsReadOnly) m.RunError("Attempt to modify a readonly table");
    }

    static void Set(LuaMachine m, Table* table, int index, Value value)
    {
        CheckWritable(m, table);
        *table->Set(m.Heap, index) = value;
    }

    static int Insert(LuaMachine m)
    {
        var table = m.CheckTable(1);
        var end = table->Length() + 1;
        switch (m.ArgumentCount)
        {
            case 2:
                Set(m, table, end, *m.Argument(2));
                return 0;
            case 3:
                var position = m.CheckInt(2);
                if (position > end) end = position;
                for (var i = end; i > position; i--)
                {
                    m.Spend(1);
                    Set(m, table, i, *table->Get(i - 1));
                }
                Set(m, table, position, *m.Argument(3));
                return 0;
            default:
                m.Fail("wrong number of arguments to 'insert'");
                return 0;
        }
    }

    static int Remove(LuaMachine m)
    {
        var table = m.CheckTable(1);
        var end = table->Length();
        var position = (int)m.OptionalInteger(2, end);
        if (position < 1 || position > end) return 0;
        m.Push(*table->Get(position));
        for (; position < end; position++)
        {
            m.Spend(1);
            Set(m, table, position, *table->Get(position + 1));
        }
        Set(m, table, end, Value.Nil);
        return 1;
    }
}
