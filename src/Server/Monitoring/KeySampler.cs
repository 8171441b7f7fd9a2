namespace MiniRedis.Server.Monitoring;

/// <summary>
/// Takes a random part of what passes. It draws how many to leave out until the next one, so that what is left out costs a subtraction.
/// </summary>
/// <param name="probability">Above 0; 1 takes all.</param>
/// <param name="random">The source of chance.</param>
sealed class KeySampler(double probability, Random random)
{
    readonly double _logOfRest = Math.Log(1 - probability);
    long _left = -1;

    public bool Takes()
    {
        if (probability >= 1) return true;
        if (_left < 0) _left = Draw();
        return _left-- == 0;
    }

    // The number of failures before a success: geometric, by inversion.
    long Draw() => (long)(Math.Log(1 - random.NextDouble()) / _logOfRest);
}
