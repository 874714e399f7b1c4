namespace ActorTrain.Actors.Supervision;

/// <summary>Exponential backoff: doubles from a first wait up to the longest.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    /// <summary>Zero before the first.</summary>
    public TimeSpan Wait { get; private set; }

    public TimeSpan Next() => Wait = Wait == TimeSpan.Zero ? first : Wait > longest / 2 ? longest : Wait * 2;

    public void Reset() => Wait = TimeSpan.Zero;
}
