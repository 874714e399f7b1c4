namespace ActorTrain.Actors.Supervision;

/// <summary>Exponential backoff: a first wait, then one of twice the length each time, up to the longest.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    /// <summary>The present wait; zero: there is none yet.</summary>
    public TimeSpan Wait { get; private set; }

    public TimeSpan Next() => Wait = Wait == TimeSpan.Zero ? first : Wait > longest / 2 ? longest : Wait * 2;

    public void Reset() => Wait = TimeSpan.Zero;
}
