namespace ActorTrain.Actors.Run;

/// <summary>The effects of the current input, in order, and the time of that input.</summary>
internal sealed class RunOutput
{
    private List<RunEffect> effects = [];

    public DateTimeOffset Now { get; private set; }

    public IReadOnlyList<RunEffect> Effects => effects;

    public void Begin(DateTimeOffset now) => (Now, effects) = (now, []);

    public void Do(RunEffect effect) => effects.Add(effect);

    public void Warn(string sentence) => Do(new NotifyText(sentence, IsWarning: true));

    public void Inform(string sentence) => Do(new NotifyText(sentence, IsWarning: false));
}
