namespace ActorTrain.Host.Tests;

/// <summary>A clock that moves when it is told to.</summary>
internal sealed class FakeTime : TimeProvider
{
    private long ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => ticks;

    public void Advance(TimeSpan duration) => ticks += duration.Ticks;
}
