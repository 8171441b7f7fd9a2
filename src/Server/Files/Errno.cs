using System.Runtime.InteropServices;

namespace MiniRedis.Server.Files;

/// <summary>The numbers of errors that the code asks for, and the words of all of them. See errno(3).</summary>
static class Errno
{
    public const int NoEntry = 2, Interrupted = 4, BadDescriptor = 9, Exists = 17, NotDirectory = 20, IsDirectory = 21,
        Invalid = 22, FileTooLarge = 27, NameTooLong = 36;

    /// <summary>EAGAIN: there is a lock, or no thread to be had.</summary>
    public static int Again => OperatingSystem.IsMacOS() ? 35 : 11;

    /// <summary>ECANCELED.</summary>
    public static int Canceled => OperatingSystem.IsMacOS() ? 89 : 125;

    /// <summary>strerror(3).</summary>
    public static string Words(int number) => Marshal.GetPInvokeErrorMessage(number);
}
