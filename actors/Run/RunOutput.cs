namespace ActorTrain.Actors.Run;

/// <summary>What the run wants done upon the input that it handles, in order, and the time of that input.</summary>
internal sealed class RunOutput
{
    private List<RunEffect> effects = [];

    public DateTimeOffset Now { get; private set; }

    /// <summary>What is to be done so far.</summary>
    public IReadOnlyList<RunEffect> Effects => effects;

    /// <summary>Begins with another input.</summary>
    public void Begin(DateTimeOffset now) => (Now, effects) = (now, []);

    /// <summary>Adds something to be done.</summary>
    public void Do(RunEffect effect) => effects.Add(effect);

    /// <summary>Tells the person who watches that something went wrong.</summary>
    public void Warn(string sentence) => Do(new NotifyText(sentence, IsWarning: true));

    /// <summary>Tells the person who watches something.</summary>
    public void Inform(string sentence) => Do(new NotifyText(sentence, IsWarning: false));
}
