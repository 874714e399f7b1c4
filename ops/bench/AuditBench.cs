using System.Globalization;

namespace ActorTrain.Bench;

/// <summary>The cost of computing some lanes twice, and of previewing every update, against a run without either, in alternation.</summary>
internal static class AuditBench
{
    private const int Rounds = 4;

    // The distance of two audits at the lowest rate, so that each turn has its share of them.
    private const int Steps = 20;
    private static readonly int[] Rates = [20, 1];

    public static void Run(Figures figures)
    {
        Console.WriteLine("\naudits: the benchmark model in bf16, 2 trainers of 1 thread, batch 8 as 8 lanes; what it slows training down");
        using var none = new TraineeActors(trainers: 2, threads: 1, reducers: 2);
        none.Run(3);
        foreach (var every in Rates)
        {
            using var audited = new TraineeActors(trainers: 2, threads: 1, reducers: 2, auditEvery: every);
            var costs = Costs(audited);
            RecoveryBench.Print(string.Create(CultureInfo.InvariantCulture,
                $"a lane computed twice every {every} steps (each of 2 trainers is proved right every {2 * every})"), costs, "%");
            if (every == 20)
                figures.Add("audit.cost_percent", costs.Median());
        }

        using var previewing = new TraineeActors(trainers: 2, threads: 1, reducers: 2, previews: true);
        var previews = Costs(previewing);
        RecoveryBench.Print("the norm of every update previewed", previews, "%");
        figures.Add("spikes.preview.cost_percent", previews.Median());

        List<double> Costs(TraineeActors other)
        {
            other.Run(3);
            return [.. Enumerable.Range(0, Rounds).Select(round => 100 * (Ratio(isTurned: round % 2 == 1) - 1))];

            // The order is reversed in every other round.
            double Ratio(bool isTurned)
            {
                var before = isTurned ? other.Run(Steps) : none.Run(Steps);
                var after = isTurned ? none.Run(Steps) : other.Run(Steps);
                return isTurned ? after / before : before / after;
            }
        }
    }
}
