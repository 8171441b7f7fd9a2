using System.Globalization;
using System.Text;

namespace MiniRedis.Server.Commands.Administration.Info;

/// <summary>Writes INFO's text: sections with titles, an empty line between sections, one field a line.</summary>
sealed class InfoText
{
    readonly StringBuilder _text = new();

    public void Section(string title)
    {
        if (_text.Length > 0) _text.Append("\r\n");
        _text.Append("# ").Append(title).Append("\r\n");
    }

    public void Field(string name, string value) => _text.Append(name).Append(':').Append(value).Append("\r\n");

    public void Field(string name, long value) =>
        _text.Append(CultureInfo.InvariantCulture, $"{name}:{value}\r\n");

    public void Field(string name, bool value) => Field(name, value ? 1 : 0);

    /// <summary>A number with two decimals, as ratios and rates have.</summary>
    public void Field(string name, double value) => _text.Append(CultureInfo.InvariantCulture, $"{name}:{value:F2}\r\n");

    public void Percent(string name, double value) => _text.Append(CultureInfo.InvariantCulture, $"{name}:{value:F2}%\r\n");

    /// <summary>Seconds with microseconds, as getrusage(2) is shown.</summary>
    public void Seconds(string name, TimeSpan value) =>
        _text.Append(CultureInfo.InvariantCulture, $"{name}:{value.Ticks / (double)TimeSpan.TicksPerSecond:F6}\r\n");

    /// <summary>A number of bytes, and a second field name_human for people.</summary>
    public void Bytes(string name, long value)
    {
        Field(name, value);
        Field(name + "_human", Human(value));
    }

    /// <summary>A whole line.</summary>
    public void Line(string line) => _text.Append(line).Append("\r\n");

    /// <summary>Bytes as Redis's bytesToHuman writes them: 2 decimals from a kilobyte on.</summary>
    public static string Human(long bytes)
    {
        if (bytes < 1024) return bytes.ToString(CultureInfo.InvariantCulture) + "B";
        var value = (double)bytes;
        var unit = -1;
        const string Units = "KMGTPE";
        do
        {
            value /= 1024;
            unit++;
        }
        while (value >= 1024 && unit < Units.Length - 1);
        return string.Create(CultureInfo.InvariantCulture, $"{value:F2}{Units[unit]}");
    }

    /// <summary>Makes a name safe for the text: characters that would end the name or its line become '_'.</summary>
    public static string Safe(string name) => name.AsSpan().ContainsAny("#:\n\r")
        ? name.Replace('#', '_').Replace(':', '_').Replace('\n', '_').Replace('\r', '_')
        : name;

    public override string ToString() => _text.ToString();
}
