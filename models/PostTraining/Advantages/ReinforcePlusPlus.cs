namespace ActorTrain.Models.PostTraining.Advantages;

/// <summary>REINFORCE++ (Hu 2025): returns-to-go of token rewards, which hold the KL term (<see cref="Rewards.TokenRewards"/>), whitened
/// over the step (<see cref="Whitening"/>). Its baseline form gives each token <see cref="GroupAdvantages.DrGrpo"/> of its sample instead,
/// whitened likewise.</summary>
public static class ReinforcePlusPlus
{
    /// <summary>G_t = r_t + γ G_{t+1} over the tokens of one sequence whose mask is set.</summary>
    /// <param name="rewards">r_t, [time].</param>
    /// <param name="mask">[time]</param>
    /// <param name="discount">γ; 1 in the paper.</param>
    /// <param name="returns">Receives G_t, [time]; 0 where the mask is not set.</param>
    public static void ReturnsToGo(ReadOnlySpan<double> rewards, ReadOnlySpan<bool> mask, double discount, Span<double> returns)
    {
        var next = 0.0;
        returns.Clear();
        for (var t = mask.Length - 1; t >= 0; t--)
        {
            if (mask[t])
                next = returns[t] = rewards[t] + discount * next;
        }
    }
}
