using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Tests.Logging;

public class CrashReportTests
{
    readonly LogLines _log = new();
    readonly ProcessSettings _settings = new() { CrashLogEnabled = true };

    CrashReport Report(TimeSpan patience = default) => new(new ServerLog(_log), _settings) { Patience = patience, ExecutorLock = new() };

    [Fact]
    public void A_report_has_reasons_stack_and_parts_in_this_order()
    {
        var report = Report();
        report.Add("FIRST", needsLock: true, () => "a:1\r\nb:2\r\n");
        report.Add("SECOND", needsLock: false, () => "c");
        report.Write(["It broke", "Badly"], "   at Here()\n   at There()\n");
        Assert.Equal(
            """


            === MINIREDIS BUG REPORT START: Cut & paste starting from here ===
            It broke
            Badly

            ------ STACK TRACE ------
               at Here()
               at There()
            ------ STACK TRACE DONE ------

            ------ FIRST ------
            a:1
            b:2

            ------ SECOND ------
            c

            === MINIREDIS BUG REPORT END. Make sure to include from START to END. ===

            """, _log.Text);
    }

    [Fact]
    public void There_is_one_report_a_process()
    {
        var report = Report();
        report.Write(["one"], "");
        _log.Clear();
        report.Write(["two"], "");
        Assert.Equal("", _log.Text);
    }

    [Fact]
    public void A_part_that_fails_costs_itself_only()
    {
        var report = Report();
        report.Add("BROKEN", needsLock: false, () => throw new InvalidOperationException("secret"));
        report.Add("WHOLE", needsLock: false, () => "c");
        report.Write([], "");
        Assert.Contains("------ BROKEN ------\n(not read: InvalidOperationException)\n\n------ WHOLE ------\nc\n", _log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void While_a_command_holds_the_server_what_needs_it_is_left_out()
    {
        var report = Report();
        report.Add("GUARDED", needsLock: true, () => "not to be read");
        report.Add("FREE", needsLock: false, () => "c");
        var other = new Thread(() => report.Write([], ""));
        lock (report.ExecutorLock!)
        {
            other.Start();
            other.Join();
        }
        Assert.Contains("------ GUARDED ------\n(not read: a command is still running)\n\n------ FREE ------\nc\n", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_lock_is_given_back()
    {
        var report = Report();
        report.Write([], "");
        Assert.False(report.ExecutorLock!.IsHeldByCurrentThread);
    }

    [Fact]
    public void Without_crash_log_enabled_there_is_none()
    {
        _settings.CrashLogEnabled = false;
        Report().Write(["It broke"], "");
        Assert.Equal("", _log.Text);
    }
}
