namespace ActorTrain.Data.Tasks;

/// <summary>Completions ordered by their hidden scores with noise: to each score, a number is added that is uniform between −noise and
/// noise.</summary>
/// <remarks>Of two completions whose scores differ by d, the better one is preferred with probability 1 − ½·max(0, 1 − d / (2·noise))²:
/// the difference of two uniform numbers has a triangular distribution. Nobody who does not know the noise orders more pairs as labelled
/// than the scores do.</remarks>
internal sealed class PreferenceLabels(PreferenceProblems problems, ulong seed, double noise)
{
    private double expected, agreed;
    private long pairs;

    /// <summary>Over all pairs of completions so far, the share that the scores order as the labels do.</summary>
    public BayesAccuracy Accuracy => new(expected / pairs, agreed / pairs);

    /// <summary>Completions of a prompt, best first.</summary>
    public (Problem Problem, IReadOnlyList<string> Completions) Next(long position, int count)
    {
        var (problem, random) = (problems[position], new TaskRandom(seed, TaskUse.Label, position));
        var labelled = new List<(string Text, double Score, double Label)>();
        foreach (var text in problems.Completions(position, count))
        {
            var score = problems.ScoreOf(problem, text);
            labelled.Add((text, score, score + (noise * ((2 * random.NextUniform()) - 1))));
        }

        // A stable sort.
        labelled = [.. labelled.OrderByDescending(static completion => completion.Label)];
        for (var better = 0; better < count; better++)
        {
            for (var worse = better + 1; worse < count; worse++)
                Count(labelled[better].Score - labelled[worse].Score);
        }

        return (problem, [.. labelled.Select(static completion => completion.Text)]);
    }

    private void Count(double difference)
    {
        // Without noise, 0/0 for equal scores: either order.
        var overlap = difference == 0 ? 1 : Math.Max(0, 1 - (Math.Abs(difference) / (2 * noise)));
        expected += 1 - (overlap * overlap / 2);
        agreed += difference > 0 ? 1 : difference == 0 ? 0.5 : 0;
        pairs++;
    }
}

/// <summary>The accuracy of the hidden scores, which no predictor of labels exceeds but by chance.</summary>
/// <param name="Expected">Over the noise.</param>
/// <param name="Observed">With the labels of the file.</param>
public sealed record BayesAccuracy(double Expected, double Observed);
