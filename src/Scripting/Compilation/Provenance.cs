using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Compilation;

/// <summary>Finds the instruction that gave a register its value, for the names in error texts.</summary>
internal static unsafe class Provenance
{
    /// <summary>
    /// The last instruction before <paramref name="end"/> that sets the register. Code is read from the front, and forward jumps that do
    /// not pass the end are taken, as Lua 5.1's symbolic execution does; so the answer can be wrong in the same cases.
    /// </summary>
    public static int LastSetter(Proto* proto, int end, int register)
    {
        var last = proto->CodeCount - 1;
        for (var pc = 0; pc < end; pc++)
        {
            var i = proto->Code[pc];
            var (op, a) = (Instruction.OpOf(i), Instruction.A(i));
            if (Instruction.SetsA(op) && a == register) last = pc;
            switch (op)
            {
                case Op.LoadNil when a <= register && register <= Instruction.B(i):
                case Op.Self when register == a + 1:
                case Op.TForLoop when register >= a + 2:
                case Op.Call or Op.TailCall when register >= a:
                    last = pc;
                    break;
                case Op.ForLoop or Op.ForPrep or Op.Jmp:
                    var target = pc + 1 + Instruction.SBx(i);
                    if (pc < target && target <= end) pc = target - 1;
                    break;
                case Op.SetList when Instruction.C(i) == 0:
                    pc++;
                    break;
                case Op.Closure:
                    pc += proto->Protos[Instruction.Bx(i)]->UpValueCount;
                    break;
            }
        }
        return last;
    }
}
