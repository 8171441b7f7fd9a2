using System.Globalization;
using System.Runtime.InteropServices;

namespace MiniRedis.Server.Files;

/// <summary>
/// The memory in which Linux handed the process its arguments, with its environment behind them: what ps shows. A title written there stands
/// in place of the arguments. If it is longer, Linux reads on in the environment (proc_pid_cmdline(5)), which is moved away before: its
/// strings are copied, and the C library's table of them is pointed to the copies.
/// </summary>
/// <remarks>
/// For one thread at a time. Others may read the environment meanwhile: they find the old string or its copy. Rejected: prctl(PR_SET_MM),
/// which needs CAP_SYS_RESOURCE.
/// </remarks>
static unsafe class ArgumentArea
{
    /// <summary>Of the fields of /proc/PID/stat (proc_pid_stat(5)): arg_start, and the first behind the name.</summary>
    const int ArgumentsStart = 48, FirstField = 3;

    static readonly byte* s_start;
    static readonly int s_length;

    static ArgumentArea()
    {
        if (!OperatingSystem.IsLinux() || !TryFind(out var start, out var argumentsEnd, out var environment, out var environmentEnd)) return;
        s_start = (byte*)start;
        s_length = (int)(argumentsEnd - start);
        Program = Marshal.PtrToStringUTF8((nint)start) ?? "";
        if (environment == argumentsEnd && TryMoveEnvironment((byte*)environment, (byte*)environmentEnd)) s_length = (int)(environmentEnd - start);
    }

    /// <summary>The name by which the process was started.</summary>
    public static string Program { get; } = "";

    /// <summary>Shows the title, or as much of it as there is room for. Without effect where the area is not known.</summary>
    public static void Write(ReadOnlySpan<byte> title)
    {
        if (s_length == 0) return;
        var area = new Span<byte>(s_start, s_length);
        var shown = title[..Math.Min(title.Length, area.Length - 1)];
        shown.CopyTo(area);
        area[shown.Length..].Clear();
    }

    static bool TryFind(out nuint start, out nuint argumentsEnd, out nuint environment, out nuint environmentEnd)
    {
        (start, argumentsEnd, environment, environmentEnd) = (0, 0, 0, 0);
        string text;
        try
        {
            text = File.ReadAllText("/proc/self/stat");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        // The second field is the name of the file, which may hold blanks and parentheses.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        bool TryAddress(int number, out nuint address)
        {
            address = 0;
            return fields.Length > number - FirstField
                && nuint.TryParse(fields[number - FirstField], CultureInfo.InvariantCulture, out address) && address != 0;
        }
        return TryAddress(ArgumentsStart, out start) && TryAddress(ArgumentsStart + 1, out argumentsEnd)
            && TryAddress(ArgumentsStart + 2, out environment) && TryAddress(ArgumentsStart + 3, out environmentEnd) && start < argumentsEnd;
    }

    /// <summary>The copies stay: the process has one environment as long as it lives.</summary>
    static bool TryMoveEnvironment(byte* start, byte* end)
    {
        if (!NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "environ", out var table)) return false;
        for (var entry = *(byte***)table; entry is not null && *entry is not null; entry++)
        {
            var text = *entry;
            if (text < start || text >= end) continue;
            var bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text);
            var copy = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
            bytes.CopyTo(new Span<byte>(copy, bytes.Length));
            copy[bytes.Length] = 0;
            Volatile.Write(ref *(nint*)entry, (nint)copy);
        }
        return true;
    }
}
