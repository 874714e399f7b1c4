namespace ActorTrain.Models.PostTraining.Advantages;

/// <summary>Generalized advantage estimation (Schulman et al. 2015, equation 16): A_t = Σ (γλ)^k δ_{t+k},
/// δ_t = r_t + γ V_{t+1} − V_t; V after the last token is 0.</summary>
public static class Gae
{
    /// <summary>Of one sequence.</summary>
    /// <param name="rewards">r_t, [time].</param>
    /// <param name="values">V_t of the critic before token t, [time].</param>
    /// <param name="mask">[time]. A token that is not set, such as one that a tool wrote, is passed over as if it were not there.</param>
    /// <param name="discount">γ.</param>
    /// <param name="lambda">λ.</param>
    /// <param name="advantages">Receives A_t, [time]; 0 where the mask is not set.</param>
    /// <param name="returns">Receives A_t + V_t, the critic's target, [time]; 0 where the mask is not set.</param>
    public static void Of(
        ReadOnlySpan<double> rewards, ReadOnlySpan<double> values, ReadOnlySpan<bool> mask, double discount, double lambda,
        Span<double> advantages, Span<double> returns)
    {
        var (next, nextValue) = (0.0, 0.0);
        advantages.Clear();
        returns.Clear();
        for (var t = mask.Length - 1; t >= 0; t--)
        {
            if (!mask[t])
                continue;
            var delta = rewards[t] + discount * nextValue - values[t];
            next = advantages[t] = delta + discount * lambda * next;
            nextValue = values[t];
            returns[t] = advantages[t] + values[t];
        }
    }
}
