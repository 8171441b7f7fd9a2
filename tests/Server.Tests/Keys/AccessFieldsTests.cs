using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Storage.RdbFiles;

namespace MiniRedis.Server.Tests.Keys;

public sealed class AccessFieldsTests : IDisposable
{
    readonly LoneParts _parts = new();

    public void Dispose() => _parts.Dispose();

    Record New(MaxMemoryPolicy policy)
    {
        _parts.Config.Memory.MaxMemoryPolicy = policy;
        var record = _parts.Set("k");
        record.AccessField = _parts.AccessFields.Initial;
        return record;
    }

    [Fact]
    public void Under_LRU_a_key_is_idle_since_it_was_last_touched()
    {
        var record = New(MaxMemoryPolicy.AllKeysLru);
        _parts.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(90u, _parts.AccessFields.IdleSeconds(record));
        _parts.AccessFields.Touch(record);
        Assert.Equal(0u, _parts.AccessFields.IdleSeconds(record));
    }

    [Fact]
    public void Under_LFU_a_counter_falls_by_one_each_decay_time_and_not_below_zero()
    {
        _parts.Config.Memory.LfuDecayTime = 2;
        var record = New(MaxMemoryPolicy.AllKeysLfu);
        Assert.Equal(5u, _parts.AccessFields.Frequency(record));
        _parts.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(3u, _parts.AccessFields.Frequency(record));
        Assert.Equal(5u, _parts.AccessFields.IdleMinutes(record));
        _parts.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal(0u, _parts.AccessFields.Frequency(record));
        _parts.Config.Memory.LfuDecayTime = 0;
        Assert.Equal(5u, _parts.AccessFields.Frequency(record));
    }

    [Fact]
    public void Under_LFU_an_access_counts_for_certain_up_to_the_counter_of_a_new_key_and_seldom_beyond()
    {
        _parts.Config.Memory.LfuLogFactor = 10;
        var record = New(MaxMemoryPolicy.AllKeysLfu);
        _parts.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0u, _parts.AccessFields.Frequency(record));
        for (var i = 0; i < 6; i++) _parts.AccessFields.Touch(record);
        Assert.Equal(6u, _parts.AccessFields.Frequency(record));
        for (var i = 0; i < 100; i++) _parts.AccessFields.Touch(record);
        Assert.InRange(_parts.AccessFields.Frequency(record), 7u, 20u);
    }

    [Fact]
    public void A_counter_stays_at_its_highest()
    {
        var record = New(MaxMemoryPolicy.AllKeysLfu);
        _parts.Config.Memory.LfuLogFactor = 0;
        for (var i = 0; i < 300; i++) _parts.AccessFields.Touch(record);
        Assert.Equal(255u, _parts.AccessFields.Frequency(record));
    }

    [Fact]
    public void A_file_gets_what_the_policy_knows()
    {
        var record = New(MaxMemoryPolicy.AllKeysLru);
        _parts.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(RdbAccess.Idle(90), _parts.AccessFields.ToRdb(record));
        Assert.Equal(RdbAccess.Frequency(5), _parts.AccessFields.ToRdb(New(MaxMemoryPolicy.VolatileLfu)));
        Assert.Equal(RdbAccess.None, _parts.AccessFields.ToRdb(New(MaxMemoryPolicy.NoEviction)));
    }

    [Fact]
    public void What_a_file_tells_counts_if_the_policy_has_a_unit_for_it()
    {
        var record = New(MaxMemoryPolicy.AllKeysLru);
        record.AccessField = _parts.AccessFields.FromRdb(RdbAccess.Idle(90));
        Assert.Equal(90u, _parts.AccessFields.IdleSeconds(record));
        record.AccessField = _parts.AccessFields.FromRdb(RdbAccess.Frequency(99));
        Assert.Equal(0u, _parts.AccessFields.IdleSeconds(record));
        // Longer ago than the clock can tell.
        record.AccessField = _parts.AccessFields.FromRdb(RdbAccess.Idle(1 << 24));
        Assert.Equal(1u << 23, _parts.AccessFields.IdleSeconds(record));

        record = New(MaxMemoryPolicy.AllKeysLfu);
        record.AccessField = _parts.AccessFields.FromRdb(RdbAccess.Frequency(99));
        Assert.Equal(99u, _parts.AccessFields.Frequency(record));
        record.AccessField = _parts.AccessFields.FromRdb(RdbAccess.Idle(90));
        Assert.Equal(5u, _parts.AccessFields.Frequency(record));
    }
}
