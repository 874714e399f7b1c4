namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Draws from a seed what happens to a run; once its storm is over, nothing does.</summary>
internal sealed class Fate(int seed, Weather storm)
{
    private readonly int stormInputs = storm.StormInputs;

    public Random Random { get; } = new(seed);

    /// <summary>What may happen now.</summary>
    public Weather Weather { get; private set; } = storm;

    /// <summary>Inputs of the run so far.</summary>
    public int Inputs { get; private set; }

    /// <summary>Whether all compute the bits that they should.</summary>
    public bool IsHonest { get; set; } = storm is { WrongBits: 0, Misapply: 0 };

    /// <summary>The run gets one more input.</summary>
    /// <returns>Whether the storm ends with it.</returns>
    public bool NoteInput()
    {
        if (++Inputs != stormInputs)
            return false;
        BecomeCalm();
        return true;
    }

    public void BecomeCalm() => Weather = Weather.Calm;

    public bool Chance(double probability) => probability > 0 && Random.NextDouble() < probability;

    public TimeSpan Milliseconds(int least, int most) => new(TimeSpan.TicksPerMillisecond * Random.Next(least, most));
}
