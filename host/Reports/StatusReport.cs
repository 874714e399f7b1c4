using ActorTrain.Host.Cli;
using ActorTrain.Host.Control;
using ActorTrain.Host.Progress;
using ActorTrain.Persistence.Journal;
using Spectre.Console;

namespace ActorTrain.Host.Reports;

/// <summary>The status of a run, in words and as a tree of its actors.</summary>
internal static class StatusReport
{
    public static void Write(StatusDocument status, CommandContext context)
    {
        ArgumentNullException.ThrowIfNull(status);
        context.Output.WriteLine(Headline(status));
        if (status.Leader is { } leader)
            context.Output.WriteLine($"led by {leader}");
        if (status.Control.Count > 0)
            context.Output.WriteLine(
                $"control processes: {string.Join(", ", status.Control.Select(static one => $"{one.Address} {one.State}"))}");
        if (status.Overrides is { } overrides)
        {
            foreach (var line in OverrideLines(overrides))
                context.Output.WriteLine(line);
        }

        foreach (var sentence in status.Notes)
            context.Output.WriteLine(sentence);
        if (status.Tree is not { } root)
            return;
        if (context.IsTerminal)
            LiveProgress.Console(context.Output).Write(Drawn(root));
        else
            WritePlain(root, context.Output, depth: 0);
    }

    private static string Headline(StatusDocument status)
    {
        var text = $"{status.Run}: {status.State}, step {status.Step}";
        if (status.Steps is { } steps)
            text += $" of {steps}";
        if (status.Generation > 0)
            text += $", generation {status.Generation}";
        if (status.Term is { } term)
            text += $", term {term}";
        text += status.Checkpoint is { } checkpoint ? $", newest checkpoint at step {checkpoint}" : ", no checkpoint yet";
        return status.JournalWaiting switch
        {
            0 => text,
            1 => text + ", 1 decision waiting for the database",
            var waiting => text + $", {waiting} decisions waiting for the database",
        };
    }

    // Only differences from an undisturbed run.
    private static IEnumerable<string> OverrideLines(OverridesDocument overrides)
    {
        if (overrides.Paused)
            yield return "paused by an operator; continue with `actortrain resume`";
        if (overrides.Quarantined.Count > 0)
            yield return $"quarantined: {string.Join(", ", overrides.Quarantined.Select(static number => $"trainer {number}"))}";
        if (overrides.RateFactor != 1)
            yield return $"the learning rate is multiplied by {overrides.RateFactor:G6}";
        foreach (var intervention in overrides.InForce)
            yield return $"in force: {RunEventWords.Describe(intervention)}";
        foreach (var intervention in overrides.Pending)
            yield return $"pending: {RunEventWords.Describe(intervention)}";
        string[] counts =
        [
            .. new[] { (overrides.Spikes, "spike", "spikes"), (overrides.Vetoes, "veto", "vetoes"),
                (overrides.Rollbacks, "rollback", "rollbacks"), (overrides.Corruptions, "corruption", "corruptions") }
                .Where(static count => count.Item1 > 0)
                .Select(static count => $"{count.Item1} {(count.Item1 == 1 ? count.Item2 : count.Item3)}"),
        ];
        if (counts.Length > 0)
            yield return $"total: {string.Join(", ", counts)}";
    }

    // As "name: state, more, more".
    private static IEnumerable<string> Facts(ActorNode actor)
    {
        if (actor.State.Length > 0)
            yield return actor.State;
        if (actor.Lanes is not null)
            yield return $"lanes {actor.Lanes}";
        if (actor.Mailbox is { } mailbox)
            yield return $"mailbox {mailbox}";
        if (actor.Restarts > 0)
            yield return $"restarts {actor.Restarts}";
        if (actor.LastFault is not null)
            yield return $"last fault: {actor.LastFault}";
    }

    private static void WritePlain(ActorNode actor, TextWriter output, int depth)
    {
        var facts = string.Join(", ", Facts(actor));
        output.WriteLine($"{new string(' ', 2 * depth)}{actor.Name}{(facts.Length > 0 ? ": " : "")}{facts}");
        foreach (var child in actor.Children)
            WritePlain(child, output, depth + 1);
    }

    private static Tree Drawn(ActorNode root)
    {
        var tree = new Tree(Label(root));
        Add(tree, root.Children);
        return tree;

        static void Add(IHasTreeNodes parent, IEnumerable<ActorNode> children)
        {
            foreach (var child in children)
                Add(parent.AddNode(Label(child)), child.Children);
        }
    }

    private static Markup Label(ActorNode actor)
    {
        var color = StatusDocument.Failed.Contains(actor.State) ? "red"
            : actor.LastFault is not null || StatusDocument.HeldUp.Contains(actor.State) ? "yellow" : "green";
        return new Markup($"[bold]{Markup.Escape(actor.Name)}[/]  [{color}]{Markup.Escape(string.Join(", ", Facts(actor)))}[/]");
    }
}
