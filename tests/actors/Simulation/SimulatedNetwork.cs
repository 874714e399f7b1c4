namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>Messages among the actors of one life of the run: lost, repeated and delayed as the weather has it. After each, the invariants
/// are checked.</summary>
/// <remarks>With the run's supervisor its children die, and with them what is on its way to them; what is on its way to a database is
/// not.</remarks>
internal sealed class SimulatedNetwork(VirtualTime time, Fate fate, RunInvariants invariants)
{
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(1);

    /// <summary>Whether the life is over.</summary>
    public bool IsDown { get; set; }

    public void Send(Action deliver, bool outlives = false)
    {
        var weather = fate.Weather;
        if (fate.Chance(weather.Drop))
            return;
        for (var times = fate.Chance(weather.Duplicate) ? 2 : 1; times > 0; times--)
            Plan(fate.Chance(weather.Delay) ? fate.Milliseconds(1, 3000) : Usual, deliver, outlives);
    }

    /// <summary>Has something happen that is not on its way to another, and so not lost.</summary>
    public void After(TimeSpan delay, Action action) => Plan(delay, action, outlives: false);

    private void Plan(TimeSpan delay, Action action, bool outlives) => time.After(delay, () =>
    {
        if (IsDown && !outlives)
            return;
        action();
        invariants.Check();
    });
}
